import ChargePointSessions
import Management
import OutsideNames
import Synchronization

extension GatewayControl: WatchOperations {
    func watchFrames(
        of session: SessionKey, _ sink: @escaping @Sendable (FrameEvent) -> Void, ended: @escaping @Sendable () -> Void
    ) async -> Watch? {
        guard let session = self.session(session) else { return nil }
        let tap = FrameWatcher(sink: sink, ended: ended)
        guard await session.add(tap) else { return nil }
        return Watch {
            // Its event loop may be gone by then.
            guard !tap.hasEnded else { return }
            session.eventLoop.execute { session.assumeIsolated { $0.remove(tap) } }
        }
    }

    func watchEvents(_ sink: @escaping @Sendable (GatewayEvent) -> Void) async -> Watch {
        let events = service.sight.events
        let number = events.add(sink)
        let ticker = Task { [service] in await Self.tellStatistics(of: service, sink) }
        return Watch {
            ticker.cancel()
            events.remove(number)
        }
    }

    func watchLog(
        of subject: TraceSubject, as form: TraceForm, _ sink: @escaping @Sendable (String) -> Void
    ) async -> Watch {
        let traces = logs.traces
        let number = traces.add(LogTraces.Trace(subject: .init(subject), format: .init(form), sink: sink))
        return Watch { traces.remove(number) }
    }

    // MARK: Statistics

    /// Once a second, until it is cancelled.
    private static func tellStatistics(
        of service: GatewayService, _ sink: @Sendable (GatewayEvent) -> Void
    ) async {
        let clock = ContinuousClock()
        var last = (time: clock.now, up: service.messages(.up), down: service.messages(.down))
        while true {
            do { try await clock.sleep(for: .seconds(1)) } catch { return }
            let now = (time: clock.now, up: service.messages(.up), down: service.messages(.down))
            let seconds = max((now.time - last.time) / .seconds(1), 0.001)
            sink(
                GatewayEvent(
                    kind: .stats, identity: nil,
                    content: [
                        "sessions": .integer(service.registry.count),
                        "up_per_s": .rate(now.up - last.up, in: seconds),
                        "down_per_s": .rate(now.down - last.down, in: seconds),
                        "pending": .integer(service.link.pendingCount),
                    ]))
            last = now
        }
    }
}

extension GatewayService {
    fileprivate func messages(_ direction: MessageDirection) -> Int {
        MessageLabel.allCases.reduce(0) { $0 &+ counters.messages(direction, $1).count }
    }
}

extension JSON {
    /// With one decimal.
    fileprivate static func rate(_ count: Int, in seconds: Double) -> JSON {
        let tenths = Int((Double(max(0, count)) / seconds * 10).rounded())
        return .number("\(tenths / 10).\(tenths % 10)")
    }
}

extension LogTraces.Subject {
    fileprivate init(_ subject: TraceSubject) {
        switch subject {
        case .client(let identity): self = .chargePoint(identity)
        case .address(let address): self = .address(address)
        }
    }
}

extension LogFormat {
    fileprivate init(_ form: TraceForm) {
        switch form {
        case .text: self = .text
        case .json: self = .json
        }
    }
}

/// Hands a session's frames to whoever watches them.
private final class FrameWatcher: FrameTap {
    private let sink: @Sendable (FrameEvent) -> Void
    private let ended: @Sendable () -> Void
    private let endFlag = Atomic(false)

    var hasEnded: Bool { endFlag.load(ordering: .relaxed) }

    init(sink: @escaping @Sendable (FrameEvent) -> Void, ended: @escaping @Sendable () -> Void) {
        self.sink = sink
        self.ended = ended
    }

    func passed(_ frame: TappedFrame) {
        sink(
            FrameEvent(
                time: Timestamp(millisecondsSince1970: frame.milliseconds),
                direction: frame.direction == .up ? .up : .down, frame: frame.text))
    }

    func sessionEnded() {
        endFlag.store(true, ordering: .relaxed)
        ended()
    }
}
