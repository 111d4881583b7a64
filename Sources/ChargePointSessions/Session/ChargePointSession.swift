import CallTracing
import Logging
import NIOCore
import OCPPJ
import OutsideNames

/// One connected charge point: an actor that lives on its connection's event loop, so that neither end hops.
///
/// It moves messages. The rules are values: `SessionLife` says where the session is between its beginning and its end,
/// `CallRules` what becomes of each message.
package final actor ChargePointSession {
    typealias Life = SessionLife<ChargePointSession>

    /// A charge point that connects again so soon is none, as a rule: there are two.
    private static let suspiciousLife = TimeAmount.seconds(5)

    package nonisolated let eventLoop: any EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    // There is one of these for each charge point: what is the same in many is not held here, what few need is made
    // when it is needed, and the small ones stand where what is aligned leaves room.
    package nonisolated let chargePoint: ChargePoint
    var isReleasing = false
    nonisolated let context: SessionContext
    nonisolated let keptTopics: KeptTopics
    /// Made when the first of them is needed.
    private(set) lazy var furtherTopics = topics.further
    let connection: any ChargePointConnection
    let link: any UpstreamLink
    private nonisolated let id: RandomID
    /// Of its claim, milliseconds since 1970; 0: it makes none.
    private nonisolated let claimTime: Int64
    nonisolated let connectedAt: NIODeadline

    /// Nil: it has none of that.
    private(set) var extras: SessionExtras?
    var traffic = SessionTraffic()
    var boot: BootIdentity?
    private var timerAt = NIODeadline.distantFuture
    var life: Life
    var calls: CallRules

    /// - Parameter credentialsExpire: when the session ends with 1008 `credentials expired`, in seconds since 1970;
    ///   nil: never.
    package init(
        chargePoint: ChargePoint, topics: SessionTopics, context: SessionContext,
        connection: any ChargePointConnection, link: any UpstreamLink, id: RandomID = RandomID(),
        credentialsExpire: Int64? = nil
    ) {
        let now = context.clock.now()
        eventLoop = connection.eventLoop
        self.chargePoint = chargePoint
        keptTopics = topics.kept
        self.context = context
        self.connection = connection
        self.link = link
        self.id = id
        connectedAt = now
        claimTime = keptTopics.templates.claim != nil ? context.claims?.claimTime() ?? 0 : 0
        life = SessionLife(
            hasClaims: claimTime != 0,
            expiry: credentialsExpire.map { SessionClock.deadline(ofUnixTime: $0, now: now) })
        calls = CallRules(context.ruleSet, memory: context.memory, now: now)
    }

    package nonisolated var sessionID: String { id.text }

    nonisolated var topics: SessionTopics {
        SessionTopics(keptTopics, identity: chargePoint.identity, version: chargePoint.version)
    }

    package nonisolated var downstreamTopic: Topic { keptTopics.downstream }

    /// What other gateways hear of this session; nil: they hear nothing.
    package nonisolated var claim: SessionClaim? {
        guard claimTime != 0, let claims = context.claims else { return nil }
        return SessionClaim(gateway: claims.gatewayID, session: sessionID, time: claimTime)
    }

    /// Subscribed to beside the downstream topic; nil: other gateways are not heard.
    package nonisolated var claimTopic: Topic? { claimTime == 0 ? nil : topics.claim }

    /// To be read once for each event.
    nonisolated var now: NIODeadline { context.clock.now() }

    package var isEnded: Bool { life.isEnded }

    /// For whoever calls on the session's event loop (checked), which is its executor.
    ///
    /// Its callers' closures are no arguments of `assumeIsolated` itself: those would look for the executor once more.
    package nonisolated func onEventLoop(_ body: (isolated ChargePointSession) -> Void) {
        assumeIsolated(body)
    }

    /// Made where there is none.
    func needExtras() -> SessionExtras {
        let needed = extras ?? SessionExtras()
        extras = needed
        return needed
    }

    // MARK: The beginning

    /// Takes the charge point's place in the registry and starts; called once, on the event loop.
    ///
    /// - Parameter handshake: nil: it is not traced.
    package func start(handshake: CallSpan? = nil) {
        context.counters.opened(chargePoint)
        log(.info, "charge point connected", beginning, handshake)
        tell { .connected(presence(end: nil)) }
        let predecessor = context.registry.enter(self)
        // They may have changed before the session could be found there.
        applyRuleSet()
        armTimer(now: now)
        guard let predecessor else { return begin(life.placeIsFree()) }
        context.counters.add(.replaced)
        predecessor.eventLoop.execute {
            predecessor.assumeIsolated { $0.giveWay(toSession: self) }
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

    private func begin(_ beginning: Life.Beginning) {
        switch beginning {
        case .subscribe:
            if let presence = presenceMessage(end: nil) {
                life.keepFirst(presence, memory: &calls.upstreamMemory)
            }
            link.subscribe(self, announcing: claimMessage)
        case .letSubscriptionGo:
            link.subscribe(self, announcing: nil)
            link.unsubscribe(self)
        case .tell(let newer): tellOfEnd(newer)
        case .nothing: break
        }
    }

    /// The older session has reported its end.
    private func predecessorHasEnded(_ received: ReceivedEarly) {
        begin(life.placeIsFree(received))
    }

    /// Ends in favour of a newer session of the same charge point.
    private func giveWay(toSession newer: ChargePointSession) {
        switch life.giveWay(to: newer) {
        case .end(let ending): finish(ending, .replaced)
        case .endAndTell(let ending):
            finish(ending, .replaced)
            tellOfEnd(newer)
        case .tell: tellOfEnd(newer)
        case .nothing: break
        }
    }

    private func tellOfEnd(_ newer: ChargePointSession) {
        let received = life.receivedEarly
        newer.eventLoop.execute {
            newer.assumeIsolated { $0.predecessorHasEnded(received) }
        }
    }

    /// What waited for the subscription, and for the end of the session before, goes out.
    func open(_ opening: Life.Opening, now: NIODeadline) {
        giveBack(upstream: opening.upstream, downstream: opening.downstream.map(\.message))
        for message in opening.upstream {
            if let call = message.call, let deadline = message.deadline, deadline <= now {
                couldNotPublish(
                    call.uniqueID, reason: "the broker did not acknowledge the subscription", now: now)
            } else {
                publishOrLog(message)
            }
        }
        for item in opening.downstream {
            if item.isLeft { leaveToOtherGateway(item.message) } else { received(item.message) }
        }
        for inquiry in opening.inquiries where !isEnded { answer(inquiry, now: now) }
    }

    private func giveBack(upstream: [UpstreamMessage], downstream: [DownstreamMessage]) {
        for message in upstream { calls.upstreamMemory.give(message.payload.readableBytes) }
        for message in downstream { calls.downstreamMemory.give(message.size) }
    }

    /// The settings may have changed.
    func applyRuleSet() {
        let ruleSet = context.ruleSet
        guard !isEnded, ruleSet !== calls.ruleSet else { return }
        let now = now
        calls.apply(ruleSet)
        releaseHeld(now: now)
        if !isEnded { armTimer(now: now) }
    }

    // MARK: The end

    /// Ends the session, once: what is open is reported, then the connection is closed.
    package func end(_ reason: SessionEnd) {
        end(reason, heir: .nobody)
    }

    func end(_ reason: SessionEnd, heir: Life.Heir) {
        guard let ending = life.end(heir) else { return }
        finish(ending, reason)
    }

    private func finish(_ ending: Life.Ending, _ reason: SessionEnd) {
        let remains = calls.end()
        giveBack(upstream: ending.upstream, downstream: ending.downstream)
        context.counters.left(remains, openCalls: calls.openCallCount)
        endSpans(reason)
        logUnpublished(ending.upstream.count { $0.call != nil })
        for message in ending.upstream where message.call == nil { publishOrLog(message) }
        for send in remains.sends { relaySend(send) }
        logUnrelayed(remains)
        for call in remains.downstreamCalls {
            reportFailed(call, .disconnected, "the charge point's session has ended")
        }
        for message in ending.downstream { reportUndelivered(message) }
        if ending.hasSubscribed, let presence = presenceMessage(end: reason) { publishOrLog(presence) }
        if ending.hasSubscribed, !ending.keepsSubscription { link.unsubscribe(self) }
        link.close(self)
        context.registry.leave(self)
        context.counters.closed(chargePoint, reason.reason)
        logEnd(reason)
        tell { .disconnected(presence(end: reason)) }
        for tap in extras?.taps ?? [] { tap.sessionEnded() }
        extras?.taps = nil
        if let close = reason.close { connection.close(code: close.code, reason: close.text) }
    }

    /// What the charge point said is not published without the subscription for its answers; it has had no answer, so
    /// it says it again.
    private func logUnpublished(_ calls: Int) {
        guard calls > 0 else { return }
        log(.warning, "CALLs not published: the session ended before its subscription", ["calls": "\(calls)"])
    }

    /// It has had no answer to these either.
    private func logUnrelayed(_ remains: CallRules.Remains) {
        guard remains.waitingCalls > 0 || remains.unread > 0 else { return }
        log(
            .warning, "messages not relayed: the session ended while they waited for open CALLs or the rate",
            ["calls": "\(remains.waitingCalls)", "unread": "\(remains.unread)"])
    }

    /// CALLs of the charge point that get no answer any more.
    private func endSpans(_ reason: SessionEnd) {
        guard context.tracer != nil else { return }
        let now = now
        for span in calls.upstreamSpans {
            end(span, failedWith: .genericError, reason: reason.reason.rawValue, "the session has ended", now: now)
        }
    }

    private func logEnd(_ reason: SessionEnd) {
        let duration = now - connectedAt
        var metadata: Logger.Metadata = [
            "reason": "\(reason.reason.rawValue)", "detail": "\(reason.detail)",
            "duration": "\(duration.secondsWithMilliseconds)", "remote": "\(chargePoint.remoteAddress)",
            "calls_up": "\(traffic.callsUp)", "calls_down": "\(traffic.callsDown)",
            "bad_messages": "\(traffic.badMessages)",
            "unanswered": "\(calls.openCallCount)", "session": "\(sessionID)",
        ]
        if let code = reason.code { metadata["code"] = "\(code)" }
        log(.info, "charge point disconnected", metadata)
        if reason == .replaced, duration < Self.suspiciousLife {
            log(
                .warning, "replaced within seconds; does another charge point use the same identity?",
                ["remote": "\(chargePoint.remoteAddress)"])
        }
    }

    // MARK: Time

    /// Arms the connection's timer if something falls due before it fires anyway.
    func armTimer(now: NIODeadline) {
        var deadline = min(calls.nextDeadline(now: now), life.deadline)
        if let extras { deadline = min(deadline, extras.operatorCalls.deadline) }
        guard deadline < timerAt else { return }
        timerAt = deadline
        connection.armTimer(at: deadline)
    }

    /// The connection's timer has fired.
    package func timerFired() {
        guard !isEnded else { return }
        timerAt = .distantFuture
        let now = now
        while !isEnded, let timeout = calls.takeTimeout(now: now) { fellDue(timeout, now: now) }
        operatorCallsFellDue(now: now)
        let due = life.timerFired(
            linkIsUp: link.isUp, claimsComeBack: context.claims?.comeBack ?? false, now: now)
        if due.isExpired { return end(.credentialsExpired) }
        if let since = due.claimMissedSince { context.claims?.claimMissed(since: since) }
        if let opening = due.opening {
            log(.debug, "opened without a word of an older session", [:])
            open(opening, now: now)
        }
        guard !isEnded else { return }
        releaseHeld(now: now)
        armTimer(now: now)
    }

    private func fellDue(_ timeout: CallRules.Timeout, now: NIODeadline) {
        switch timeout {
        case .answer(let call):
            context.counters.add(.answerTimeouts)
            context.counters.add(.openCallsUp, -1)
            log(.warning, "CALL without an answer", ["id": "\(call.uniqueID)", "action": "\(call.action)"], call.span)
            life.forget(call.uniqueID, memory: &calls.upstreamMemory)
            let description = "no answer from the central system"
            sendError(call.uniqueID, .internalError, description)
            if let span = call.span {
                end(span, failedWith: .internalError, reason: "answer_timeout", description, now: now)
            }
        case .call(let call):
            context.counters.add(.callTimeouts)
            context.counters.add(.openCallsDown, -1)
            reportFailed(call, .callTimeout, "the charge point did not answer in time")
            sendNextCall(now: now)
        case .expiry(let call):
            reportExpired(call)
        case .ping:
            connection.sendPing()
        case .silence(let isCertain):
            if !isCertain, connection.hasAcknowledgedAll() {
                log(.debug, "silent, but its TCP acknowledges the pings", [:])
                calls.showedLife(now: now)
            } else {
                end(.keepaliveTimeout)
            }
        }
    }
}
