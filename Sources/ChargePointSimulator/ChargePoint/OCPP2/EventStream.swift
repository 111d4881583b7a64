import NIOCore

/// A periodic event stream of OCPP 2.1 (N11 to N15): the power of the EVSE while a car charges.
struct EventStream: Equatable {
    enum State: Equatable {
        /// The OpenPeriodicEventStreamRequest is not answered yet.
        case opening
        case open(nextSample: NIODeadline)
    }

    /// One value, and when it was read.
    struct Element: Equatable {
        var read: NIODeadline
        var watts: Int
    }

    static let longestInterval = 86_400
    static let mostValues = 100

    let id: Int
    /// Seconds of life from one message to the next.
    private(set) var interval = 240
    /// As many values a message holds; they are read evenly in the interval.
    private(set) var values = 4
    private(set) var state = State.opening
    private var elements: [Element] = []

    init(id: Int) {
        self.id = id
    }

    /// ConstantStreamDataType.
    var json: JSONValue {
        [
            "id": .integer(id), "variableMonitoringId": 1,
            "params": ["interval": .integer(interval), "values": .integer(values)],
        ]
    }

    var isOpen: Bool { state != .opening }

    /// When the next value is read.
    var nextSample: NIODeadline? {
        if case .open(let moment) = state { moment } else { nil }
    }

    mutating func opened(at now: NIODeadline, pace: LifePace) {
        state = .open(nextSample: now + pause(pace))
    }

    /// What the central system wants otherwise; what it leaves out stays.
    mutating func adjust(interval: Int?, values: Int?) {
        if let interval { self.interval = min(max(interval, 1), Self.longestInterval) }
        if let values { self.values = min(max(values, 1), Self.mostValues) }
    }

    /// A value was read.
    ///
    /// - Returns: whether a message is full.
    mutating func append(_ watts: Int, at now: NIODeadline, pace: LifePace) -> Bool {
        elements.append(Element(read: now, watts: watts))
        state = .open(nextSample: now + pause(pace))
        return elements.count >= values
    }

    /// The NotifyPeriodicEventStream of the values that were read and not told; nil when there are none.
    mutating func takeNotification(clock: WallClock) -> JSONObject? {
        guard let first = elements.first else { return nil }
        defer { elements = [] }
        let data: [JSONValue] = elements.map { element in
            [
                "t": .number(Double((element.read - first.read).nanoseconds / 1_000_000) / 1_000),
                "v": .string(String(element.watts)),
            ]
        }
        return [
            "id": .integer(id), "pending": 0, "basetime": .string(clock.timestamp(at: first.read)),
            "data": .array(data),
        ]
    }

    /// Never shorter than 10 ms, however fast life runs.
    private func pause(_ pace: LifePace) -> TimeAmount {
        max(pace.real(Double(interval) / Double(values)), .milliseconds(10))
    }
}
