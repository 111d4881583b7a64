import NIOCore

/// The charge point's own CALLs: one unanswered at a time (OCPP-J 1.6, 4.1.1), transaction messages kept in order and
/// repeated until the central system takes them (OCPP 1.6, 3.7).
struct CallQueue {
    /// The CALLs of a simulated charge point, of all versions.
    enum Action: String {
        case bootNotification = "BootNotification"
        case heartbeat = "Heartbeat"
        case statusNotification = "StatusNotification"
        case authorize = "Authorize"
        case meterValues = "MeterValues"
        case firmwareStatusNotification = "FirmwareStatusNotification"
        // 1.6
        case startTransaction = "StartTransaction"
        case stopTransaction = "StopTransaction"
        case diagnosticsStatusNotification = "DiagnosticsStatusNotification"
        // 2.0.1
        case transactionEvent = "TransactionEvent"
        case notifyReport = "NotifyReport"
        case securityEventNotification = "SecurityEventNotification"
        case logStatusNotification = "LogStatusNotification"
        // 2.1
        case openPeriodicEventStream = "OpenPeriodicEventStream"
        case closePeriodicEventStream = "ClosePeriodicEventStream"
    }

    /// How much depends on a CALL.
    enum Importance {
        /// Dropped with the connection, and after a failure.
        case passing
        /// A transaction's: kept over a lost connection and repeated after a failure.
        case transaction
        /// A transaction's first: taken however full the queue is.
        case transactionBegin
        /// A transaction's last, as the first.
        case transactionEnd
    }

    /// A CALL that waits, or that is unanswered.
    struct Call: Equatable {
        var action: Action
        var payload: JSONObject
        var importance = Importance.passing
        /// How often it was sent.
        var attempts = 0
        /// Not sent before this moment.
        var notBefore: NIODeadline = .uptimeNanoseconds(0)

        var isTransactionRelated: Bool { importance != .passing }
    }

    /// The one CALL that is unanswered.
    struct Open: Equatable {
        var id: String
        var call: Call
        var deadline: NIODeadline
    }

    static let answerTimeout: TimeAmount = .seconds(30)
    /// Enough for a life; what a central system triggers beyond it is refused.
    static let capacity = 32

    private(set) var open: Open?
    private var waiting: [Call] = []
    private var lastID = 0

    var isIdle: Bool { open == nil && waiting.isEmpty }
    var isFull: Bool { room == 0 }
    /// How many more CALLs are taken.
    var room: Int { max(0, Self.capacity - waiting.count) }
    /// Whether a message of a transaction has not been answered yet.
    var hasTransactionMessages: Bool {
        open?.call.isTransactionRelated ?? false || waiting.contains(where: \.isTransactionRelated)
    }

    /// Puts a CALL at the end. Beyond `capacity` only the start and stop of transactions are taken.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    mutating func append(_ call: Call) -> Bool {
        let isKept = call.importance == .transactionBegin || call.importance == .transactionEnd
        guard isKept || !isFull else { return false }
        waiting.append(call)
        return true
    }

    /// The next CALL to send now, if there is one; it is then the open one.
    ///
    /// - Parameter isRegistered: false until the BootNotification was accepted; transaction messages wait for that.
    mutating func next(at now: NIODeadline, isRegistered: Bool) -> Open? {
        guard open == nil, let index = eligibleIndex(at: now, isRegistered: isRegistered) else { return nil }
        var call = waiting.remove(at: index)
        call.attempts += 1
        let next = Open(id: nextID(), call: call, deadline: now + Self.answerTimeout)
        open = next
        return next
    }

    /// A UniqueId that this charge point has not used yet.
    mutating func nextID() -> String {
        lastID += 1
        return String(lastID)
    }

    private func eligibleIndex(at now: NIODeadline, isRegistered: Bool) -> Int? {
        var transactionMessageWaits = !isRegistered
        for (index, call) in waiting.enumerated() {
            guard call.isTransactionRelated else { return index }
            if !transactionMessageWaits && call.notBefore <= now { return index }
            // One transaction message never overtakes another.
            transactionMessageWaits = true
        }
        return nil
    }

    /// When `next` will have something that it does not have now.
    func nextRetry(isRegistered: Bool) -> NIODeadline? {
        guard open == nil, isRegistered else { return nil }
        return waiting.first(where: \.isTransactionRelated)?.notBefore
    }

    /// The open CALL was answered, if it has this UniqueId.
    mutating func close(id: String) -> Call? {
        guard let open, open.id == id else { return nil }
        self.open = nil
        return open.call
    }

    /// The open CALL, when its answer is overdue; it is open no more.
    mutating func expire(at now: NIODeadline) -> Call? {
        guard let open, open.deadline <= now else { return nil }
        self.open = nil
        return open.call
    }

    /// Puts a transaction message back in front, for another attempt at `moment` with a new UniqueId.
    mutating func retry(_ call: Call, at moment: NIODeadline) {
        var call = call
        call.notBefore = moment
        waiting.insert(call, at: 0)
    }

    /// The connection is gone: transaction messages stay (the open one is repeated), everything else is dropped.
    mutating func connectionLost() {
        if var call = open?.call, call.isTransactionRelated {
            // Nobody refused it: this attempt does not count.
            call.attempts -= 1
            waiting.insert(call, at: 0)
        }
        open = nil
        waiting.removeAll { !$0.isTransactionRelated }
    }
}
