import CallTracing
import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames

/// The rules of one session's messages, without any input or output (behaviour.md, "OCPP-J rules, both ways", "What a
/// bad message from a charge point gets", "Liveness"): what happened goes in, what is to be done comes out.
/// `SessionLife` stands beside it.
struct CallRules: ~Copyable {
    /// Where no time-out bounds the open CALLs, this many times `max_open_calls` does.
    private static let unboundedOpenCalls = 16

    // There is one of these for each session: the small ones stand where what is aligned leaves room.
    private(set) var ruleSet: SessionRuleSet
    private var settings: SessionSettings { ruleSet.settings }
    private var openCalls = OpenCalls()
    /// Nil: there are none.
    private var downstream: DownstreamQueue?
    private var waitingCalls = WaitingCalls()
    private var badMessages: UInt32 = 0
    /// Nil: reading does not pause.
    private var held: HeldTexts?
    /// What waits here and in `SessionLife` on its way to the broker, in bytes.
    var upstreamMemory: MemoryShare
    /// The same for what waits on its way to the charge point.
    var downstreamMemory: MemoryShare
    private var rate = MessageRate()
    private var liveness: Liveness
    /// SENDs that wait for the link, each in the place of a CALL.
    private var keptSends: UInt32 = 0

    /// - Parameter memory: of all sessions.
    init(_ ruleSet: SessionRuleSet, memory: MemoryBudget, now: NIODeadline) {
        self.ruleSet = ruleSet
        downstreamMemory = MemoryShare(of: memory)
        upstreamMemory = MemoryShare(of: memory)
        liveness = Liveness(now: now)
    }

    /// From now on these are the settings; what is open and what waits stays.
    mutating func apply(_ ruleSet: SessionRuleSet) {
        if ruleSet.settings.maxMessagesPerSecond != settings.maxMessagesPerSecond { rate.refill() }
        self.ruleSet = ruleSet
    }

    private mutating func takeFromRate(now: NIODeadline) -> Bool {
        rate.take(perSecond: settings.maxMessagesPerSecond, now: now)
    }

    // MARK: From the charge point

    mutating func showedLife(isPong: Bool = false, now: NIODeadline) {
        liveness.seen(isPong: isPong, now: now)
    }

    /// Whether the text may be read now, or is kept for `nextHeld`; it is counted against the rate then.
    mutating func received(_ text: ByteBuffer, now: NIODeadline) -> Reception {
        liveness.seen(now: now)
        if let held {
            held.append(text)
            upstreamMemory.force(text.readableBytes)
            return .hold
        }
        if takeFromRate(now: now) { return .read }
        pause(for: .rate, holding: text)
        return .pauseReading
    }

    /// Keeps a text that has been read, in front of whatever is held, until its turn comes again.
    ///
    /// - Returns: whether reading was on until now.
    @discardableResult
    mutating func pause(for hold: HeldTexts.Hold, holding text: ByteBuffer) -> Bool {
        upstreamMemory.force(text.readableBytes)
        if let held {
            held.prepend(text, hold)
            return false
        }
        held = HeldTexts(hold, first: text)
        return true
    }

    /// Whether there is anything for `takeWaitingCall` or `nextHeld`: a message that waits, or places of SENDs to free.
    var holdsMessages: Bool { !waitingCalls.isEmpty || held != nil || keptSends > 0 }

    /// The next of what is held; ask until there is nothing to read.
    mutating func nextHeld(now: NIODeadline) -> NextHeld {
        guard let held else { return .nothing }
        if held.texts.isEmpty {
            self.held = nil
            return .resumeReading
        }
        // One that is held for open CALLs has been counted; those behind it have not.
        guard held.hold == .openCalls || takeFromRate(now: now), let text = held.takeFirst() else { return .wait }
        upstreamMemory.give(text.readableBytes)
        return .read(text)
    }

    mutating func chargePointSent(_ message: OCPPMessage, linkIsUp: Bool, now: NIODeadline) -> UpstreamAction {
        if linkIsUp { keptSends = 0 }
        switch message.body {
        case .call(let action, _):
            return chargePointSentCall(message, action: action, linkIsUp: linkIsUp, now: now)
        case .send:
            return chargePointSentSend(message, linkIsUp: linkIsUp, now: now)
        case .callResultError:
            badMessages = 0
            return .relayResultError
        case .callResult, .callError:
            switch takeAnswered(message.uniqueID) {
            case .unanswered(let call, let sentAt):
                badMessages = 0
                learn(from: message, to: call)
                return call.isOperators ? .answerOperator(sentAt: sentAt) : .relayAnswer(sentAt: sentAt)
            case .late(let call):
                badMessages = 0
                learn(from: message, to: call)
                return call.isOperators ? .answerOperator(sentAt: nil) : .relayAnswer(sentAt: nil)
            case .unknown:
                // What some say to a message whose type they do not know, a CALLRESULTERROR or a SEND: nothing bad.
                if !message.isAboutUnknownType { countBad() }
                return .dropUnmatchedAnswer
            }
        }
    }

    private func takeAnswered(_ uniqueID: UniqueID) -> DownstreamQueue.Answer {
        downstream?.takeAnswered(uniqueID) ?? .unknown
    }

    private mutating func chargePointSentCall(
        _ message: OCPPMessage, action: String, linkIsUp: Bool, now: NIODeadline
    ) -> UpstreamAction {
        let fingerprint = MessageFingerprint(message.text)
        if let first = self.fingerprint(ofOpen: message.uniqueID) {
            guard first != fingerprint else { return .dropRetry }
            countBad()
            return .refuseDuplicate
        }
        if waitingCalls.isEmpty, hasRoomForCall(now: now) {
            badMessages = 0
            return open(message.uniqueID, action: action, fingerprint, now: now)
        }
        // With the broker away nothing answers soon: the charge point keeps its own copy and tries again.
        guard linkIsUp else { return .refuseForBroker(Self.brokerIsAway) }
        let size = message.text.readableBytes
        guard waitingCalls.hasRoom(for: size) else { return .hold }
        guard upstreamMemory.take(size) else {
            return .refuseForBroker("the gateway has no memory for more messages")
        }
        badMessages = 0
        waitingCalls.append(WaitingCalls.Call(message: message.withOwnText(), fingerprint: fingerprint))
        return .wait
    }

    private mutating func chargePointSentSend(
        _ message: OCPPMessage, linkIsUp: Bool, now: NIODeadline
    ) -> UpstreamAction {
        badMessages = 0
        guard linkIsUp, !waitingCalls.isEmpty else { return relaySend(linkIsUp: linkIsUp, now: now) }
        // Behind the CALLs that it was said behind.
        let size = message.text.readableBytes
        guard waitingCalls.hasRoom(for: size) else { return .hold }
        guard upstreamMemory.take(size) else { return .dropSend("the gateway has no memory for more messages") }
        waitingCalls.append(WaitingCalls.Call(message: message.withOwnText(), fingerprint: nil))
        return .wait
    }

    /// A SEND whose turn has come.
    private mutating func relaySend(linkIsUp: Bool, now: NIODeadline) -> UpstreamAction {
        guard !linkIsUp else { return .relaySend }
        guard hasRoomForCall(now: now) else { return .dropSend(Self.brokerIsAway) }
        keptSends += 1
        return .relaySend
    }

    private static let brokerIsAway = "the broker cannot be reached"

    private func hasRoomForCall(now: NIODeadline) -> Bool {
        openCalls.countHolding(now: now) + Int(keptSends) < settings.maxOpenCalls
    }

    /// Of the CALL of the charge point that has no answer yet, whether it has been relayed or waits.
    private func fingerprint(ofOpen uniqueID: UniqueID) -> MessageFingerprint? {
        openCalls.fingerprint(of: uniqueID) ?? waitingCalls.fingerprint(of: uniqueID)
    }

    private mutating func open(
        _ uniqueID: UniqueID, action: String, _ fingerprint: MessageFingerprint, now: NIODeadline
    ) -> UpstreamAction {
        openCalls.open(uniqueID, action: action, fingerprint, now: now)
        return .relayCall(deadline: settings.answerTimeout.map { now + $0 })
    }

    /// A CALL that has waited for others to be answered, and what becomes of it now; ask until nil.
    mutating func takeWaitingCall(linkIsUp: Bool, now: NIODeadline) -> (OCPPMessage, UpstreamAction)? {
        if linkIsUp { keptSends = 0 }
        let mayOpen = hasRoomForCall(now: now)
        guard mayOpen || !linkIsUp || waitingCalls.beginsWithSend, let call = waitingCalls.popFirst() else {
            return nil
        }
        upstreamMemory.give(call.size)
        guard let fingerprint = call.fingerprint else {
            return (call.message, relaySend(linkIsUp: linkIsUp, now: now))
        }
        guard mayOpen, case .call(let action, _) = call.message.body else {
            return (call.message, .refuseForBroker(Self.brokerIsAway))
        }
        return (call.message, open(call.message.uniqueID, action: action, fingerprint, now: now))
    }

    /// The charge point has answered `call`: an accepted ChangeConfiguration or SetVariables changes the heartbeat
    /// interval.
    private mutating func learn(from answer: OCPPMessage, to call: DownstreamQueue.Call) {
        guard let seconds = call.heartbeatInterval,
            call.action == "SetVariables" ? answer.acceptsHeartbeatVariable : answer.isAccepted
        else { return }
        liveness.learn(heartbeatInterval: TimeAmount(boundedSeconds: seconds))
    }

    /// Its UniqueId or action cannot stand in a topic.
    mutating func chargePointSentUnpublishableCall() {
        countBad()
    }

    /// The CALL just opened is traced.
    mutating func trace(_ uniqueID: UniqueID, _ span: CallSpan) {
        openCalls.trace(uniqueID, span)
    }

    /// Of an open CALL of the charge point.
    func upstreamSpan(of uniqueID: UniqueID) -> CallSpan? {
        openCalls.span(of: uniqueID)
    }

    /// Of all of them, when the session ends.
    var upstreamSpans: [CallSpan] { openCalls.calls.compactMap(\.span) }

    /// The CALL just opened could not be published; nil: it has been answered meanwhile.
    mutating func couldNotRelay(_ uniqueID: UniqueID) -> OpenCalls.Call? {
        openCalls.close(uniqueID)
    }

    mutating func chargePointSentBad(_ problem: OCPPMessageProblem) -> BadMessageAction {
        if case .unknownMessageType(let number, let uniqueID) = problem {
            return .ignore(uniqueID: uniqueID, "MessageTypeId: \(number) names no message type")
        }
        countBad()
        switch problem {
        case .notUTF8, .unknownMessageType:
            return .endNotUTF8
        case .malformed(let type?, let uniqueID, let reason) where type != .call:
            guard type.answersCall, let uniqueID, case .unanswered(let call, _) = takeAnswered(uniqueID) else {
                return .drop(uniqueID: uniqueID, reason)
            }
            return .report(call, type, reason)
        case .malformed(_, let uniqueID, let reason):
            return .answer(uniqueID: uniqueID, .malformedMessage, reason)
        }
    }

    mutating func chargePointSentInvalid(uniqueID: UniqueID, type: MessageType) -> InvalidMessageAction {
        countBad()
        switch type {
        case .call:
            return fingerprint(ofOpen: uniqueID) == nil ? .refuse : .refuseDuplicate
        case .callResult, .callError:
            guard case .unanswered(let call, _) = takeAnswered(uniqueID) else { return .ignore }
            return .report(call)
        case .send, .callResultError:
            return .ignore
        }
    }

    /// The action of a CALL towards the charge point that an answer may belong to.
    func downstreamAction(of uniqueID: UniqueID) -> String? {
        downstream?.action(of: uniqueID)
    }

    /// The action of an open CALL of the charge point.
    func upstreamAction(of uniqueID: UniqueID) -> String? {
        openCalls.calls.first { $0.uniqueID == uniqueID }?.action
    }

    private mutating func countBad() {
        // Where there is no limit they may be as many as somebody likes to send.
        if badMessages < .max { badMessages += 1 }
    }

    /// More bad messages in a row than allowed.
    var hasTooManyBadMessages: Bool {
        settings.maxBadMessages > 0 && Int(badMessages) > settings.maxBadMessages
    }

    // MARK: From the central system

    mutating func centralSystemSent(_ call: DownstreamQueue.Call, now: NIODeadline) -> DownstreamAction {
        let downstream = self.downstream ?? DownstreamQueue()
        self.downstream = downstream
        return switch downstream.admit(call, limit: settings.maxQueuedCalls, memory: &downstreamMemory, now: now) {
        case .send: .send
        case .wait: .wait
        case .full: .refuse(.queueFull, "\(settings.maxQueuedCalls) CALLs wait for this charge point already")
        case .tooManyBytes: .refuse(.queueFull, "the gateway has no memory for more messages")
        case .duplicate: .dropDuplicate
        case .expired: .refuse(.expired, "the message expired before the charge point could get it")
        }
    }

    /// A CALLRESULT or CALLERROR; the CALL that it answers, nil when there is none.
    mutating func centralSystemAnswered(_ uniqueID: UniqueID) -> OpenCalls.Call? {
        openCalls.close(uniqueID)
    }

    /// The interval of an accepted BootNotification answer.
    mutating func learn(heartbeatSeconds seconds: Double) {
        liveness.learn(heartbeatInterval: TimeAmount(boundedSeconds: seconds))
    }

    /// A waiting CALL whose expiry has passed; ask until nil.
    mutating func takeExpired(now: NIODeadline) -> DownstreamQueue.Call? {
        downstream?.takeExpired(memory: &downstreamMemory, now: now)
    }

    /// The next waiting CALL, when none is unanswered.
    mutating func nextCall(now: NIODeadline) -> DownstreamQueue.Call? {
        downstream?.takeNext(memory: &downstreamMemory, now: now)
    }

    // MARK: Time

    /// One thing that is due; ask until nil.
    mutating func takeTimeout(now: NIODeadline) -> Timeout? {
        if let downstream {
            if let call = downstream.takeExpired(memory: &downstreamMemory, now: now) { return .expiry(call) }
            if let call = downstream.giveUp(after: settings.callTimeout, now: now) { return .call(call) }
            if downstream.isEmpty { self.downstream = nil }
        }
        if let timeout = settings.answerTimeout, let call = openCalls.takeOldest(olderThan: timeout, now: now) {
            return .answer(call)
        }
        // While reading is paused a charge point cannot show that it is alive.
        if held != nil { liveness.seen(now: now) }
        switch liveness.check(settings, now: now) {
        case .fine: return nil
        case .ping: return .ping
        case .unanswered: return .silence(isCertain: false)
        case .dead: return .silence(isCertain: true)
        }
    }

    /// An open CALL that is forgotten because there are too many; nil where a time-out bounds them.
    mutating func takeForgottenCall() -> OpenCalls.Call? {
        openCalls.takeExcess(over: settings.maxOpenCalls * Self.unboundedOpenCalls)
    }

    /// When `takeTimeout` is to be asked again, or held messages presented again.
    func nextDeadline(now: NIODeadline) -> NIODeadline {
        var deadline = liveness.nextDeadline(settings)
        if let due = downstream?.nextDeadline(callTimeout: settings.callTimeout) { deadline = min(deadline, due) }
        if let timeout = settings.answerTimeout, let oldest = openCalls.calls.first {
            deadline = min(deadline, oldest.openedAt + timeout)
        }
        if held?.hold == .rate { deadline = min(deadline, rate.nextToken(perSecond: settings.maxMessagesPerSecond)) }
        if held?.hold == .openCalls || !waitingCalls.isEmpty {
            deadline = min(deadline, openCalls.nextRelease(now: now) ?? deadline)
        }
        return max(deadline, now + .milliseconds(1))
    }

    // MARK: The end

    /// Gives up everything that waits; its memory is given back.
    mutating func end() -> Remains {
        let sends = waitingCalls.takeSends()
        for send in sends { upstreamMemory.give(send.text.readableBytes) }
        let calls = waitingCalls.count
        upstreamMemory.give(waitingCalls.bytes)
        waitingCalls.removeAll()
        var unread = 0
        if let held {
            for text in held.texts { upstreamMemory.give(text.readableBytes) }
            unread = held.texts.count
        }
        held = nil
        let isCallUnanswered = hasUnansweredCall
        return Remains(
            sends: sends, waitingCalls: calls, unread: unread, isCallUnanswered: isCallUnanswered,
            downstreamCalls: downstream?.takeAll(memory: &downstreamMemory) ?? [])
    }

    // MARK: As they are

    var openCallCount: Int { openCalls.calls.count }

    /// CALLs that wait for the charge point's answer to another.
    var queuedCallCount: Int { downstream?.waitingCount ?? 0 }

    var hasUnansweredCall: Bool { downstream?.unanswered != nil }

    /// The interval that is believed to be the charge point's.
    var heartbeatInterval: TimeAmount { liveness.heartbeatInterval(settings) }

    var lastSeen: NIODeadline { liveness.lastSeen }
}
