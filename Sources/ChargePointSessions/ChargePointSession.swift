import DequeModule
import Logging
import NIOCore
import OCPPJ
import OutsideNames

/// One connected charge point: an actor that lives on its connection's event loop, so that neither end hops.
///
/// It moves messages; every rule is `SessionStateMachine`'s.
package final actor ChargePointSession {
    /// Where a session is in its life.
    enum Phase {
        /// The session whose place it takes has not reported its end yet.
        case waitingForPredecessor
        /// The broker has not acknowledged the subscription yet, or another gateway may still report the end of the
        /// session before.
        case subscribing
        case open
        case ended
    }

    /// Messages that may wait for the subscription; more than the open CALLs that the rules allow by themselves.
    private static let mostUnpublished = 512

    /// A charge point that connects again so soon is none, as a rule: there are two.
    private static let suspiciousLife = TimeAmount.seconds(5)

    package nonisolated let eventLoop: any EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    package nonisolated let chargePoint: ChargePoint
    nonisolated let context: SessionContext
    nonisolated let topics: SessionTopics
    let connection: any ChargePointConnection
    let link: any UpstreamLink
    nonisolated let sessionID: String
    /// What other gateways hear of this session; nil: they hear nothing.
    package nonisolated let claim: SessionClaim?
    nonisolated let connectedAt = NIODeadline.now()

    var machine: SessionStateMachine
    var phase = Phase.waitingForPredecessor
    /// What is published before the broker has acknowledged the subscription, in order.
    var unpublished: [UpstreamMessage] = []
    /// Messages read but not handled, because reading pauses.
    var heldTexts: Deque<ByteBuffer> = []
    var hold: SessionStateMachine.Hold?
    var isReleasing = false
    private var timerAt = NIODeadline.distantFuture
    /// The broker has acknowledged the subscription.
    var isSubscribed = false
    var claimWait: ClaimWait
    /// What arrives from the broker before it is clear whose it is.
    var heldDownstream: [HeldDownstreamMessage] = []
    /// Where the senders of CALLs that wait or are unanswered want the answers too.
    var replyAddresses: [UniqueID: ReplyAddress] = [:]
    /// Of other gateways, which wait for the session to open.
    var inquiries: [SessionClaim] = []
    /// What inquiries of other gateways are answered by.
    var receivedEarly = ReceivedEarly()
    /// The newer session that took this one's place, until it has been told that this one has ended. Not longer: who
    /// still holds the first of a hundred thousand would hold them all.
    private var successor: ChargePointSession?
    /// A newer session here took this one's place.
    private(set) var isReplacedHere = false
    /// Another gateway has the charge point now, and delivers what is published to it.
    var isElsewhere = false
    var callsUp = 0
    var callsDown = 0
    var badMessages = 0

    package init(
        chargePoint: ChargePoint, topics: SessionTopics, context: SessionContext,
        connection: any ChargePointConnection, link: any UpstreamLink, sessionID: String = RandomID.make()
    ) {
        eventLoop = connection.eventLoop
        self.chargePoint = chargePoint
        self.topics = topics
        self.context = context
        self.connection = connection
        self.link = link
        self.sessionID = sessionID
        claim = topics.claim == nil ? nil : context.claims?.claim(session: sessionID)
        claimWait = ClaimWait(isOn: claim != nil)
        machine = SessionStateMachine(settings: context.settings, memory: context.memory, now: .now())
    }

    package nonisolated var downstreamTopic: Topic { topics.downstream }

    /// Subscribed to beside the downstream topic; nil: other gateways are not heard.
    package nonisolated var claimTopic: Topic? { claim == nil ? nil : topics.claim }

    // MARK: The beginning

    /// Takes the charge point's place in the registry and starts; called once, on the event loop.
    package func start() {
        context.counters.add(.connected)
        log(.info, "charge point connected", beginning)
        armTimer()
        guard let predecessor = context.registry.enter(self) else { return subscribe() }
        context.counters.add(.replaced)
        predecessor.eventLoop.execute {
            predecessor.assumeIsolated { $0.giveWay(to: self) }
        }
    }

    private var beginning: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "remote": "\(chargePoint.remoteAddress)", "version": "\(chargePoint.version.rawValue)",
            "listener": "\(chargePoint.listener)", "session": "\(sessionID)",
        ]
        if let username = chargePoint.username { metadata["user"] = "\(username)" }
        return metadata
    }

    private func subscribe() {
        phase = .subscribing
        // Kept in front of what the charge point said meanwhile.
        if let presence = presenceMessage(end: nil) {
            machine.upstreamMemory.force(presence.payload.readableBytes)
            unpublished.insert(presence, at: 0)
        }
        link.subscribe(self, announcing: claimMessage)
    }

    /// The older session has reported its end.
    private func predecessorHasEnded(_ received: ReceivedEarly) {
        receivedEarly = received
        switch phase {
        case .waitingForPredecessor: subscribe()
        case .ended:
            guard !isReplacedHere else { return passOn() }
            // It left before its turn came: the subscription that it would have taken over goes.
            link.subscribe(self, announcing: nil)
            link.unsubscribe(self)
        case .subscribing, .open: break
        }
    }

    /// Ends in favour of a newer session of the same charge point.
    private func giveWay(to newer: ChargePointSession) {
        successor = newer
        isReplacedHere = true
        // One that has still to wait for the one before lets the newer one wait for it too.
        let waits = phase == .waitingForPredecessor
        end(.replaced)
        if !waits { passOn() }
    }

    private func passOn() {
        guard let successor else { return }
        self.successor = nil
        let received = receivedEarly
        successor.eventLoop.execute {
            successor.assumeIsolated { $0.predecessorHasEnded(received) }
        }
    }

    // MARK: The end

    /// Ends the session, once: what is open is reported, then the connection is closed.
    package func end(_ reason: SessionEnd) {
        guard !isEnded else { return }
        let wasOpen = phase == .open
        let wasWaiting = phase == .waitingForPredecessor
        if !wasOpen { dropUnpublishedCalls() }
        phase = .ended
        for message in takeUnpublished() { publishOrLog(message) }
        for send in machine.takeWaitingSends() { relaySend(send) }
        logUnrelayed()
        for call in machine.end() { reportFailed(call, "disconnected", "the charge point's session has ended") }
        for held in takeHeldDownstream() { reportUndelivered(held.message) }
        if !wasWaiting, let presence = presenceMessage(end: reason) { publishOrLog(presence) }
        for text in heldTexts { machine.upstreamMemory.give(text.readableBytes) }
        heldTexts.removeAll()
        // A newer session takes the subscription over as it is.
        if !isReplacedHere, !wasWaiting { link.unsubscribe(self) }
        link.close()
        context.registry.leave(self)
        logEnd(reason)
        if let close = reason.close { connection.close(code: close.code, reason: close.text) }
    }

    /// What the charge point said is not published without the subscription for its answers; it has had no answer, so
    /// it says it again.
    private func dropUnpublishedCalls() {
        let calls = unpublished.count { $0.call != nil }
        guard calls > 0 else { return }
        removeUnpublished { $0.call != nil }
        log(.warning, "CALLs not published: the session ended before its subscription", ["calls": "\(calls)"])
    }

    /// It has had no answer to these either.
    private func logUnrelayed() {
        let calls = machine.waitingCallCount
        guard calls > 0 || !heldTexts.isEmpty else { return }
        log(
            .warning, "messages not relayed: the session ended while they waited for open CALLs or the rate",
            ["calls": "\(calls)", "unread": "\(heldTexts.count)"])
    }

    private func logEnd(_ reason: SessionEnd) {
        context.counters.add(.disconnected)
        var metadata: Logger.Metadata = [
            "reason": "\(reason.reason)", "detail": "\(reason.detail)", "duration": "\(formattedDuration)",
            "remote": "\(chargePoint.remoteAddress)",
            "calls_up": "\(callsUp)", "calls_down": "\(callsDown)", "bad_messages": "\(badMessages)",
            "unanswered": "\(machine.openCallCount)", "session": "\(sessionID)",
        ]
        if let code = reason.code { metadata["code"] = "\(code)" }
        log(.info, "charge point disconnected", metadata)
        if reason == .replaced, NIODeadline.now() - connectedAt < Self.suspiciousLife {
            log(
                .warning, "replaced within seconds; does another charge point use the same identity?",
                ["remote": "\(chargePoint.remoteAddress)"])
        }
    }

    var isEnded: Bool { phase == .ended }

    // MARK: Time

    /// Arms the connection's timer if something falls due before it fires anyway.
    func armTimer() {
        let deadline = min(machine.nextDeadline(hold: hold, now: .now()), claimWait.deadline ?? .distantFuture)
        guard deadline < timerAt else { return }
        timerAt = deadline
        connection.armTimer(at: deadline)
    }

    /// The connection's timer has fired.
    package func timerFired() {
        guard !isEnded else { return }
        timerAt = .distantFuture
        let now = NIODeadline.now()
        while !isEnded, let timeout = machine.takeTimeout(hold: hold, now: now) { handle(timeout) }
        guard !isEnded else { return }
        if let since = claimWait.expire(linkIsUp: link.isUp, now: now) { context.claims?.claimMissed(since: since) }
        receivedEarly.age(now)
        openIfSettled()
        releaseHeld()
        armTimer()
    }

    private func handle(_ timeout: SessionStateMachine.Timeout) {
        switch timeout {
        case .answer(let call):
            context.counters.add(.answerTimeouts)
            log(.warning, "CALL without an answer", ["id": "\(call.uniqueID)", "action": "\(call.action)"])
            forgetUnpublished(call.uniqueID)
            sendError(call.uniqueID, .internalError, "no answer from the central system")
        case .call(let call):
            context.counters.add(.callTimeouts)
            reportFailed(call, "call_timeout", "the charge point did not answer in time")
            sendNextCall()
        case .expiry(let call):
            reportExpired(call)
        case .ping:
            connection.sendPing()
        case .silence(let isCertain):
            if !isCertain, connection.hasAcknowledgedAll() {
                log(.debug, "silent, but its TCP acknowledges the pings", [:])
                machine.showedLife(now: .now())
            } else {
                end(.keepaliveTimeout)
            }
        }
    }

    // MARK: To the broker

    func publish(_ message: UpstreamMessage) -> UpstreamAdmission {
        switch phase {
        case .waitingForPredecessor, .subscribing:
            guard unpublished.count < Self.mostUnpublished,
                machine.upstreamMemory.take(message.payload.readableBytes)
            else { return .full }
            unpublished.append(message)
            return .accepted
        case .open, .ended:
            return link.publish(message, from: self)
        }
    }

    /// A CALL that its charge point has been told failed is not published any more.
    func forgetUnpublished(_ uniqueID: UniqueID) {
        removeUnpublished { $0.call?.uniqueID == uniqueID }
    }

    private func removeUnpublished(where isUnwanted: (UpstreamMessage) -> Bool) {
        unpublished.removeAll { message in
            guard isUnwanted(message) else { return false }
            machine.upstreamMemory.give(message.payload.readableBytes)
            return true
        }
    }

    /// All of them, in order, and nothing is left.
    func takeUnpublished() -> [UpstreamMessage] {
        for message in unpublished { machine.upstreamMemory.give(message.payload.readableBytes) }
        defer { unpublished = [] }
        return unpublished
    }

    /// Tells the sender of a downstream message what became of it (relay-format.md, "Errors that the gateway itself
    /// reports upstream").
    ///
    /// - Parameter head: of what failed.
    func report(_ reason: String, _ head: OCPPMessageHead, _ code: OCPPErrorCode, _ description: String) {
        context.counters.add(.reports)
        let error = GatewayError(
            uniqueID: head.uniqueID, code: code.name(in: chargePoint.version), description: description)
        log(
            .warning, "downstream message not delivered",
            ["id": "\(error.uniqueID)", "reason": "\(reason)", "description": "\(error.description)"])
        publishReport(error.relay(reason: reason, type: head.type), uniqueID: error.uniqueID)
    }

    /// A CALL towards the charge point has no answer.
    func reportFailed(_ call: DownstreamQueue.Call, _ reason: String, _ description: String) {
        report(reason, OCPPMessageHead(type: .call, uniqueID: call.uniqueID), .genericError, description)
    }

    /// `upstream.invalid_topic`: the whole of a refused message.
    func publishInvalid(
        _ text: ByteBuffer, _ head: OCPPMessageHead, _ reason: String, _ code: OCPPErrorCode?, _ description: String
    ) {
        guard let topic = topics.invalid(head) else { return }
        let payload = RefusedMessage(
            reason: reason, error: code?.name(in: chargePoint.version) ?? "", description: description, text: text)
        publishOrLog(UpstreamMessage(topic: topic, payload: payload.relay(), kind: .copy))
    }

    /// The presence message of the session's beginning, or of its end; nil when presence is off.
    func presenceMessage(end: SessionEnd?) -> UpstreamMessage? {
        guard let topic = topics.presence else { return nil }
        let presence = PresenceMessage(
            chargePoint: chargePoint, gatewayID: context.gatewayID, sessionID: sessionID,
            end: end.map { PresenceMessage.End($0, duration: NIODeadline.now() - connectedAt) })
        // The next session's own connection may be faster: what is retained there must stay.
        let mayComeLate = link.announcesItsLoss && end == .replaced
        return UpstreamMessage(
            topic: topic, payload: presence.payload(), retain: context.retainsPresence && !mayComeLate,
            kind: .presence)
    }

    // MARK: To the log

    func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: @autoclosure () -> Logger.Metadata) {
        guard context.logger.logLevel <= level else { return }
        var metadata = metadata()
        metadata["cid"] = "\(chargePoint.identity)"
        context.logger.log(level: level, message, metadata: metadata)
    }

    func logFrame(_ message: Logger.Message, _ text: ByteBuffer) {
        log(
            .debug, message,
            ["frame": "\(FrameRedaction.text(of: text, showsAll: context.logsWholeFrames))"])
    }

    private var formattedDuration: String {
        let milliseconds = (NIODeadline.now() - connectedAt).nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
