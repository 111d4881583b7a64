import CMosquitto
import Logging
import NIOCore

/// What a charge point's own connection has beside a shared one.
struct ChargePointState {
    enum Stage {
        /// Nobody has asked yet, or the broker has not answered.
        case loggingIn(EventLoopPromise<BrokerLoginResult>?)
        /// The session is about to come.
        case accepted
        case attended(SubscriptionTable.Receiver)
        /// The session has gone; what it left is dealt with.
        case leaving(until: NIODeadline)
        case ended
    }

    let login: BrokerLogin
    var stage = Stage.loggingIn(nil)
    var waitsForTurn = false
    /// A login that came before the gateway's first link waits for it until then.
    var loginDeadline: NIODeadline?
    /// What a session that the broker has kept brings before anyone is there to take it.
    var held: [BrokerMessage] = []
    var heldBytes = 0
    /// The link was lost while that of the shared connection stayed, perhaps over a packet.
    var wasLostAlone = false
    var lastMessage = NIODeadline.uptimeNanoseconds(0)
    /// The broker closed this connection and gave no reason, while this link of the shared connection was up.
    var closedDuringLink: NIODeadline?
}

/// A charge point's own connection (`broker.sessions: per_charge_point`): the broker decides who comes in, and a newer
/// connection with the same client id ends this one. It goes the way that the shared connection has found.
extension BrokerClient {
    /// What an ended session has left over must have reached the broker by then.
    private static let leaveTime = TimeAmount.seconds(10)
    /// The broker has delivered all that it had when it is silent for so long after UNSUBACK.
    private static let silence = TimeAmount.milliseconds(100)
    /// For the gateway's first link, while charge points are there already.
    private static let startTime = TimeAmount.seconds(2)
    /// Messages that may come before the session.
    private static let mostHeld = 512
    /// By then the shared connection knows whether the broker was lost as a whole.
    private static let suspicion = TimeAmount.seconds(1)

    // MARK: The beginning

    func logIn(_ answer: EventLoopPromise<BrokerLoginResult>) {
        chargePoint?.stage = .loggingIn(answer)
        if connection.isAbandoned { return abandonLogin() }
        if case .up = thread.shared.link, !thread.isStopping {
            connectSoon(.now())
        } else if thread.hasLed || thread.isStopping {
            refuseLogin()
        } else {
            chargePoint?.loginDeadline = .now() + Self.startTime
        }
    }

    private func abandonLogin() {
        conclude(nil, answer: .unavailable(reason: "the charge point has gone"))
    }

    private func refuseLogin() {
        conclude(nil, answer: .unavailable(reason: "the broker cannot be reached"))
    }

    func endLoginIfLate(_ now: NIODeadline) {
        guard case .loggingIn = chargePoint?.stage, waitsForShared, let deadline = chargePoint?.loginDeadline,
            deadline <= now
        else { return }
        refuseLogin()
    }

    /// Nothing comes of it any more.
    var hasEnded: Bool {
        if case .ended = chargePoint?.stage { true } else { false }
    }

    /// Waits for its turn, which has not come.
    var waitsForTurn: Bool { chargePoint?.waitsForTurn ?? false }

    /// Is down, and goes on when the shared connection is up.
    var waitsForShared: Bool {
        guard case .down(.distantFuture) = link else { return false }
        return !waitsForTurn && !isDisconnecting
    }

    func connectSoon(_ time: NIODeadline) {
        chargePoint?.waitsForTurn = false
        link = .down(retryAt: time)
    }

    func connectInTurn(_ now: NIODeadline) {
        guard case .up(let since) = thread.shared.link else {
            link = .down(retryAt: .distantFuture)
            return
        }
        if let closedDuringLink = chargePoint?.closedDuringLink, since == closedDuringLink {
            // The broker is there and closed this one connection only: another client has its client id now.
            return conclude(.takenOver)
        }
        chargePoint?.closedDuringLink = nil
        // The last moment: its CONNECT would end the connection that the charge point may have elsewhere by now.
        if connection.isAbandoned { return abandonLogin() }
        guard thread.takeTurn(self) else {
            chargePoint?.waitsForTurn = true
            link = .down(retryAt: .distantFuture)
            return
        }
        connect(now)
    }

    func chargePointAccepted(isSessionPresent: Bool) {
        thread.releaseTurn(of: self)
        chargePoint?.wasLostAlone = false
        logger.debug(
            "the broker accepts the charge point", metadata: ["session": "\(isSessionPresent ? "kept" : "new")"])
        thread.tookOver(self)
        switch chargePoint?.stage {
        case .loggingIn(let answer):
            chargePoint?.stage = .accepted
            answer?.succeed(.accepted(connection))
        case .attended(let receiver):
            logger.info("broker connection of the charge point is back")
            thread.deliveries.add(.changed(receiver.subscriber, isUp: true), on: receiver.eventLoop)
        case .accepted, .leaving, .ended, nil: break
        }
    }

    /// The session is there.
    func attend(_ receiver: SubscriptionTable.Receiver) {
        guard case .accepted = chargePoint?.stage else { return }
        chargePoint?.stage = .attended(receiver)
    }

    /// True: nobody is there yet to take it.
    func holds(_ message: BrokerMessage) -> Bool {
        guard chargePoint != nil else { return false }
        chargePoint?.lastMessage = .now()
        switch chargePoint?.stage {
        case .loggingIn, .accepted:
            let memory = thread.pending.memory
            let bytes = message.payload.readableBytes
            guard let state = chargePoint, state.held.count < Self.mostHeld, state.heldBytes + bytes <= memory.share,
                memory.take(bytes)
            else { return false }
            chargePoint?.heldBytes += bytes
            chargePoint?.held.append(message)
            return true
        case .attended, .leaving, .ended, nil: return false
        }
    }

    func releaseHeld() {
        for message in takeHeld() { route(message) }
    }

    private func takeHeld() -> [BrokerMessage] {
        guard let state = chargePoint, !state.held.isEmpty else { return [] }
        chargePoint?.held = []
        chargePoint?.heldBytes = 0
        thread.pending.memory.give(state.heldBytes)
        return state.held
    }

    // MARK: Refused and lost

    func chargePointNotConnected(_ reason: String, _ now: NIODeadline) {
        thread.releaseTurn(of: self)
        switch chargePoint?.stage {
        case .loggingIn: conclude(nil, answer: .unavailable(reason: "the broker cannot be reached: \(reason)"))
        case .leaving: conclude(nil)
        case .accepted, .attended, .ended, nil:
            let pause = backoff.next()
            link = .down(retryAt: now + TimeAmount(pause))
            logger.debug("broker not reachable for the charge point", metadata: ["reason": "\(reason)"])
        }
    }

    func chargePointRefused(_ refusal: ConnectAcknowledgement, _ now: NIODeadline) {
        let code = refusal.reasonCode
        let reason = "the broker refuses the connection: \(MosquittoClient.text(ofReason: code))"
        let isAboutWill =
            code == Int32(MQTT_RC_RETAIN_NOT_SUPPORTED.rawValue) || code == Int32(MQTT_RC_QOS_NOT_SUPPORTED.rawValue)
        if isAboutWill, client?.adaptWill(to: refusal) == true {
            // The same again, with the Will as this broker takes it.
            thread.releaseTurn(of: self)
            forgetSocket()
            link = .down(retryAt: now)
            return
        }
        guard Self.refusals.contains(code) else { return chargePointNotConnected(reason, now) }
        conclude(.closedByBroker(reason: reason), answer: .refused(reason: reason))
    }

    /// CONNACK codes that say something about this charge point, and not about the broker (MQTT 5, 3.2.2.2; MQTT 3.1.1,
    /// 3.2.2.3: 2, 4 and 5).
    private static let refusals: Set<Int32> = [
        2, 4, 5,
        Int32(MQTT_RC_CLIENTID_NOT_VALID.rawValue), Int32(MQTT_RC_BAD_USERNAME_OR_PASSWORD.rawValue),
        Int32(MQTT_RC_NOT_AUTHORIZED.rawValue), Int32(MQTT_RC_BANNED.rawValue),
        Int32(MQTT_RC_BAD_AUTHENTICATION_METHOD.rawValue),
    ]

    /// DISCONNECT codes that mean this charge point (MQTT 5, 3.14.2.1).
    private static let dismissals: Set<Int32> = [
        Int32(MQTT_RC_ADMINISTRATIVE_ACTION.rawValue), Int32(MQTT_RC_NOT_AUTHORIZED.rawValue),
    ]

    func chargePointLost(
        _ end: (code: Int32, systemError: Int32), isOrderly: Bool, since: NIODeadline, _ now: NIODeadline
    ) {
        if isOrderly { return conclude(nil) }
        if case .up = thread.shared.link { chargePoint?.wasLostAlone = true }
        let reason = text(ofError: end.code, systemError: end.systemError)
        if end.code == Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue) { return conclude(.takenOver) }
        if Self.dismissals.contains(end.code) { return conclude(.closedByBroker(reason: reason)) }
        switch chargePoint?.stage {
        case .attended(let receiver):
            logger.info("broker connection of the charge point lost", metadata: ["reason": "\(reason)"])
            thread.deliveries.add(.changed(receiver.subscriber, isUp: false), on: receiver.eventLoop)
            // A takeover, most likely: MQTT 3.1.1 has no word for it, and Mosquitto 2.0 does not use that of MQTT 5.
            if end.code == MOSQ_ERR_CONN_LOST.rawValue, case .up(let sharedSince) = thread.shared.link {
                chargePoint?.closedDuringLink = sharedSince
                link = .down(retryAt: now + Self.suspicion)
            }
        case .accepted: break
        case .loggingIn, .leaving, .ended, nil: conclude(nil)
        }
    }

    // MARK: The end

    /// The session has gone, or does not come.
    func leave(_ now: NIODeadline) {
        switch chargePoint?.stage {
        case .loggingIn: abandonLogin()
        case .accepted, .attended:
            chargePoint?.stage = .leaving(until: now + Self.leaveTime)
            releaseHeld()
        case .leaving, .ended, nil: break
        }
    }

    /// The gateway stops: nobody comes any more, and who was there has gone.
    func stop() {
        switch chargePoint?.stage {
        case .loggingIn: conclude(nil, answer: .unavailable(reason: "the gateway is shutting down"))
        case .accepted, .attended: leave(.now())
        case .leaving, .ended, nil: break
        }
    }

    func leaveIfDone(_ now: NIODeadline) {
        guard case .leaving(let end) = chargePoint?.stage else { return }
        guard case .up = link, let client, now < end else { return conclude(nil) }
        guard queue.isEmpty, table.unsubscribesAreSettled, !client.wantsWrite, now >= silentFrom,
            connection.shut(evenWithMail: false)
        else { return }
        conclude(nil)
    }

    /// A broker that keeps no session has nothing more to deliver after UNSUBACK.
    private var silentFrom: NIODeadline {
        guard configuration.sessionExpiry > .zero, let last = chargePoint?.lastMessage else {
            return .uptimeNanoseconds(0)
        }
        return last + Self.silence
    }

    /// When there is something to do that a shared connection does not know.
    func nextOwnCheck(_ now: NIODeadline) -> NIODeadline {
        switch chargePoint?.stage {
        case .loggingIn: chargePoint?.loginDeadline ?? .distantFuture
        case .leaving(let end): silentFrom > now ? min(end, silentFrom) : end
        case .accepted, .attended, .ended, nil: .distantFuture
        }
    }

    /// Ends the connection for good. What has not reached the broker goes out on the shared connection.
    ///
    /// - Parameters:
    ///   - end: what the session is told, if there is one.
    ///   - answer: what a login is told that still waits.
    func conclude(
        _ end: BrokerConnectionEnd?,
        answer: BrokerLoginResult = .unavailable(reason: "the connection to the broker was lost")
    ) {
        guard let stage = chargePoint?.stage else { return }
        if case .ended = stage { return }
        chargePoint?.stage = .ended
        // It may still stand in the queue, and must not connect when its turn comes.
        if waitsForTurn {
            chargePoint?.waitsForTurn = false
            thread.endedWhileWaitingForTurn()
        }
        sayGoodbye()
        link = .down(retryAt: .distantFuture)
        _ = connection.shut(evenWithMail: true, end: end ?? .closedByBroker(reason: "the connection was closed"))
        connection.linkChanged(isUp: false)
        dropDoubtful()
        switch stage {
        case .loggingIn(let waiting): waiting?.succeed(answer)
        case .attended(let receiver):
            if let end { thread.deliveries.add(.ended(receiver.subscriber, end), on: receiver.eventLoop) }
        case .accepted, .leaving, .ended: break
        }
        handOver()
        forgetSocket()
        client = nil
        thread.forget(self)
    }

    /// Over what was on its way when this link alone was lost, the shared one might be lost too: it stays here. Only what
    /// the gateway itself has written is small and harmless.
    private func dropDoubtful() {
        guard chargePoint?.wasLostAlone == true else { return }
        for message in queue.removeResent() {
            switch message.purpose {
            case .report, .presence, .gateway: thread.shared.enqueue(message)
            case .call, .send, .answer, .copy, .reply:
                notTaken(message, reason: "the link of the charge point's own connection was lost right behind it")
            }
        }
    }

    /// Also behind a CONNECT that is not answered yet (MQTT 5, 3.1.4): the broker must not publish the Will.
    private func sayGoodbye() {
        switch link {
        case .up, .connecting:
            guard let client, client.isConnected else { return }
            isDisconnecting = true
            client.disconnect(forgettingSession: true)
        case .down, .resolving: break
        }
    }

    private func handOver() {
        let shared = thread.shared
        var (publishes, commands): ([BrokerPublish], [BrokerConnection.Mailbox.Command]) = ([], [])
        connection.takeMail(publishes: &publishes, commands: &commands)
        for message in queue.removeAll() + publishes { shared.enqueue(message) }
        for announcement in announcements.values { thread.settle(announcement) }
        announcements = [:]
        for case .subscribe(_, _, let receiver, let announcement) in commands {
            if let announcement { thread.settle(announcement) }
            thread.deliveries.add(
                .ended(receiver.subscriber, .closedByBroker(reason: "the connection was lost")), on: receiver.eventLoop)
        }
        for case .logIn(let answer) in commands { answer.succeed(.unavailable(reason: "the connection was lost")) }
        for message in takeHeld() { thread.observer.brokerDeliveredUnrouted(message, from: shared.connection) }
        thread.touchShared()
    }
}
