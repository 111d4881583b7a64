import NIOCore
import OCPPJ
import OutsideNames

/// The rules of one session, without any input or output (behaviour.md, "OCPP-J rules, both ways", "What a bad
/// message from a charge point gets", "Liveness"): what happened goes in, what is to be done comes out.
struct SessionStateMachine: ~Copyable {
    /// What becomes of a well-formed message from the charge point.
    enum UpstreamAction: Equatable {
        /// Publish the CALL, unless it waits for the broker past the deadline.
        case relayCall(deadline: NIODeadline?)
        /// Too many of its CALLs are open: stop reading, and present this one again later.
        case hold
        case refuseCall(OCPPErrorCode, String)
        /// Publish the answer; a late one belongs to a CALL that was given up. The next CALL may go out.
        case relayAnswer(isLate: Bool)
        case dropUnmatchedAnswer
    }

    /// What becomes of a message from the charge point that is none.
    enum BadMessageAction: Equatable {
        case answer(uniqueID: UniqueID?, OCPPErrorCode, String)
        case ignore(String)
        /// It would have been the answer to this CALL: tell the backend. The next CALL may go out.
        case report(uniqueID: UniqueID, String)
    }

    /// What becomes of a message from the charge point that is well-formed and breaks its schema.
    enum InvalidMessageAction: Equatable {
        /// A CALL: answer it. `isOpen`: it also has the UniqueId of one that is open.
        case refuse(isOpen: Bool)
        /// It would have been the answer to an unanswered CALL: tell the backend. The next CALL may go out.
        case report
        case ignore
    }

    /// What becomes of a well-formed message from the broker.
    enum DownstreamAction: Equatable {
        case send
        case wait
        /// Tell the sender, by a reason of relay-format.md.
        case refuse(reason: String, String)
        case dropDuplicate
    }

    /// Something fell due.
    enum Timeout: Equatable {
        case answer(OpenCalls.Call)
        case call(DownstreamQueue.Call)
        case expiry(DownstreamQueue.Call)
        case ping
        case silence
    }

    /// Why reading pauses.
    enum Hold: Equatable {
        case openCalls
        case rate
    }

    /// Where no time-out bounds the open CALLs, this many times `max_open_calls` does.
    private static let unboundedOpenCalls = 16

    private let settings: SessionSettings
    private var openCalls = OpenCalls()
    private var downstream = DownstreamQueue()
    private var liveness: Liveness
    private var rate: MessageRate
    private var badMessages = 0

    init(settings: SessionSettings, now: NIODeadline) {
        self.settings = settings
        liveness = Liveness(settings: settings, now: now)
        rate = MessageRate(perSecond: settings.maxMessagesPerSecond, now: now)
    }

    // MARK: From the charge point

    mutating func showedLife(now: NIODeadline) {
        liveness.seen(now: now)
    }

    /// Counts a message against the rate; false when reading must pause until `nextDeadline`.
    mutating func mayReceive(now: NIODeadline) -> Bool {
        rate.take(now: now)
    }

    mutating func chargePointSent(
        uniqueID: UniqueID, _ body: OCPPMessage.Body, linkIsUp: Bool, now: NIODeadline
    ) -> UpstreamAction {
        switch body {
        case .call(let action, _):
            return chargePointSentCall(uniqueID, action: action, linkIsUp: linkIsUp, now: now)
        case .callResult, .callError:
            switch downstream.takeAnswered(uniqueID) {
            case .unanswered:
                badMessages = 0
                return .relayAnswer(isLate: false)
            case .late:
                badMessages = 0
                return .relayAnswer(isLate: true)
            case .unknown:
                badMessages += 1
                return .dropUnmatchedAnswer
            }
        }
    }

    private mutating func chargePointSentCall(
        _ uniqueID: UniqueID, action: String, linkIsUp: Bool, now: NIODeadline
    ) -> UpstreamAction {
        if openCalls.contains(uniqueID) {
            badMessages += 1
            return .refuseCall(.protocolError, "UniqueId: a CALL with this UniqueId is open already")
        }
        if openCalls.countHolding(now: now) >= settings.maxOpenCalls {
            // With the broker away nothing answers soon: the charge point keeps its own copy and tries again.
            return linkIsUp ? .hold : .refuseCall(.internalError, "the broker cannot be reached")
        }
        badMessages = 0
        openCalls.open(uniqueID, action: action, now: now)
        return .relayCall(deadline: settings.answerTimeout.map { now + $0 })
    }

    /// The CALL just opened could not be published.
    mutating func couldNotRelay(_ uniqueID: UniqueID) -> Bool {
        openCalls.close(uniqueID) != nil
    }

    mutating func chargePointSentBad(
        _ problem: OCPPMessageProblem, version: OCPPVersion
    ) -> BadMessageAction {
        badMessages += 1
        switch problem {
        case .notUTF8:
            return .ignore("not UTF-8")
        case .unknownMessageType(let number, let uniqueID):
            let reason = "MessageTypeId: \(number) names no message type"
            guard version.answersUnknownMessageTypes else { return .ignore(reason) }
            return .answer(uniqueID: uniqueID, .malformedMessage, reason)
        case .malformed(.callResult, let uniqueID, let reason), .malformed(.callError, let uniqueID, let reason):
            guard let uniqueID, case .unanswered = downstream.takeAnswered(uniqueID) else { return .ignore(reason) }
            return .report(uniqueID: uniqueID, reason)
        case .malformed(_, let uniqueID, let reason):
            return .answer(uniqueID: uniqueID, .malformedMessage, reason)
        }
    }

    mutating func chargePointSentInvalid(uniqueID: UniqueID, type: MessageType) -> InvalidMessageAction {
        badMessages += 1
        switch type {
        case .call:
            return .refuse(isOpen: openCalls.contains(uniqueID))
        case .callResult, .callError:
            guard case .unanswered = downstream.takeAnswered(uniqueID) else { return .ignore }
            return .report
        }
    }

    /// The action of a CALL towards the charge point that an answer may belong to.
    func downstreamAction(of uniqueID: UniqueID) -> String? {
        downstream.action(of: uniqueID)
    }

    /// The action of an open CALL of the charge point.
    func upstreamAction(of uniqueID: UniqueID) -> String? {
        openCalls.calls.first { $0.uniqueID == uniqueID }?.action
    }

    /// More bad messages in a row than allowed.
    var hasTooManyBadMessages: Bool {
        settings.maxBadMessages > 0 && badMessages > settings.maxBadMessages
    }

    // MARK: From the central system

    mutating func centralSystemSent(_ call: DownstreamQueue.Call, now: NIODeadline) -> DownstreamAction {
        switch downstream.admit(call, limit: settings.maxQueuedCalls, now: now) {
        case .send: .send
        case .wait: .wait
        case .full: .refuse(reason: "queue_full", "\(settings.maxQueuedCalls) CALLs wait for this charge point already")
        case .duplicate: .dropDuplicate
        case .expired: .refuse(reason: "expired", "the message expired before the charge point could get it")
        }
    }

    /// A CALLRESULT or CALLERROR; the action of the CALL that it answers, nil when there is none.
    mutating func centralSystemAnswered(_ uniqueID: UniqueID) -> String? {
        openCalls.close(uniqueID)?.action
    }

    mutating func learn(heartbeatInterval: TimeAmount) {
        liveness.learn(heartbeatInterval: heartbeatInterval)
    }

    /// A waiting CALL whose expiry has passed; ask until nil.
    mutating func takeExpired(now: NIODeadline) -> DownstreamQueue.Call? {
        downstream.takeExpired(now: now)
    }

    /// The next waiting CALL, when none is unanswered.
    mutating func nextCall(now: NIODeadline) -> DownstreamQueue.Call? {
        downstream.takeNext(now: now)
    }

    // MARK: Time

    /// One thing that is due; ask until nil.
    ///
    /// - Parameter hold: while reading is paused a charge point cannot show that it is alive.
    mutating func takeTimeout(hold: Hold?, now: NIODeadline) -> Timeout? {
        if let call = downstream.takeExpired(now: now) { return .expiry(call) }
        if let call = downstream.giveUp(after: settings.callTimeout, now: now) { return .call(call) }
        if let timeout = settings.answerTimeout, let call = openCalls.takeOldest(olderThan: timeout, now: now) {
            return .answer(call)
        }
        if hold != nil { liveness.seen(now: now) }
        switch liveness.check(now: now) {
        case .fine: return nil
        case .ping: return .ping
        case .dead: return .silence
        }
    }

    /// An open CALL that is forgotten because there are too many; nil where a time-out bounds them.
    mutating func takeForgottenCall() -> OpenCalls.Call? {
        openCalls.takeExcess(over: settings.maxOpenCalls * Self.unboundedOpenCalls)
    }

    /// When `takeTimeout` is to be asked again, or held messages presented again.
    func nextDeadline(hold: Hold?, now: NIODeadline) -> NIODeadline {
        var deadline = liveness.nextDeadline
        if let due = downstream.nextDeadline(callTimeout: settings.callTimeout) { deadline = min(deadline, due) }
        if let timeout = settings.answerTimeout, let oldest = openCalls.calls.first {
            deadline = min(deadline, oldest.openedAt + timeout)
        }
        switch hold {
        case .rate: deadline = min(deadline, rate.nextToken)
        case .openCalls: deadline = min(deadline, openCalls.nextRelease(now: now) ?? deadline)
        case nil: break
        }
        return max(deadline, now + .milliseconds(1))
    }

    // MARK: The end

    /// The CALLs towards the charge point that nobody will answer any more.
    mutating func end() -> [DownstreamQueue.Call] {
        downstream.takeAll()
    }

    var openCallCount: Int { openCalls.calls.count }
}
