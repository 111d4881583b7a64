import CMosquitto
import Logging
import NIOCore
import OutsideNames

/// A charge point's own connection (`broker.sessions: per_charge_point`): the broker decides who comes in, and a newer
/// connection with the same client id ends this one. It goes the way that the shared connection has found.
final class ChargePointRole: ConnectionRole {
    /// What an ended session has left over must have reached the broker by then.
    private static let leaveTime = TimeAmount.seconds(10)
    /// The broker has delivered all that it had when it is silent for so long after UNSUBACK.
    private static let silence = TimeAmount.milliseconds(100)
    /// By then the shared connection knows whether the broker was lost as a whole.
    private static let suspicion = TimeAmount.seconds(1)

    let receiveMaximum = 32
    let tickInterval: TimeAmount
    let firstPause = ConnectionState.Pause.forSharedLink

    private let login: BrokerLogin
    private unowned let context: BrokerThreadContext
    private unowned let ownConnections: OwnConnections
    private unowned let shared: BrokerClient
    private var stage = ChargePointStage()
    /// The link was lost while that of the shared connection stayed, perhaps over a packet.
    private var wasLostAlone = false
    private var lastMessage = NIODeadline.uptimeNanoseconds(0)
    /// The broker closed this connection and gave no reason, while this link of the shared connection was up.
    private var closedDuringLink: NIODeadline?

    init(
        _ login: BrokerLogin, _ context: BrokerThreadContext, _ ownConnections: OwnConnections,
        beside shared: BrokerClient
    ) {
        self.login = login
        self.context = context
        self.ownConnections = ownConnections
        self.shared = shared
        // With many connections it counts how often each is looked after; keep-alive is precise enough so.
        let quarter = context.configuration.keepAlive.components.seconds / 4
        tickInterval = .seconds(min(max(1, quarter), 5))
    }

    var clientID: ClientID { login.clientID }
    var loggedClientID: String? { "\(login.clientID)" }

    func login(_ client: BrokerClient) -> BrokerLogin { login }

    func tlsContext(for host: String, _ client: BrokerClient) throws(MosquittoSetUpError) -> BrokerTLSContext {
        try context.tlsContexts.context(for: host)
    }

    func earlierRedeliveries(_ client: BrokerClient) -> RedeliveryFilter? {
        ownConnections.redeliveries(of: login.clientID, before: client)
    }

    // MARK: The login

    func logIn(_ answer: EventLoopPromise<BrokerLoginResult>, _ client: BrokerClient) {
        stage.asked(answer)
        if client.connection.isAbandoned { return abandonLogin(client) }
        if shared.state.isUp, !context.isStopping {
            client.wait(.until(.now()))
        } else if ownConnections.hasSharedLinkBeenUp || context.isStopping {
            refuseLogin(client)
        } else {
            stage.waitForFirstLink(until: .now() + TimeAmount(context.configuration.firstLinkTime))
        }
    }

    private func abandonLogin(_ client: BrokerClient) {
        conclude(nil, answer: .unavailable(reason: "the charge point has gone"), client)
    }

    private func refuseLogin(_ client: BrokerClient) {
        conclude(nil, answer: .unavailable(reason: "the broker cannot be reached"), client)
    }

    func attempt(_ client: BrokerClient, _ now: NIODeadline) {
        guard let since = shared.state.upSince else { return client.wait(.forSharedLink) }
        // The broker is there and closed this one connection only: another client has its client id now.
        if closedDuringLink == since { return conclude(.takenOver, client) }
        closedDuringLink = nil
        // The last moment: its CONNECT would end the connection that the charge point may have elsewhere by now.
        if client.connection.isAbandoned { return abandonLogin(client) }
        guard ownConnections.takeTurn(client) else { return client.wait(.forTurn) }
        client.connect(now)
    }

    func findAddress(_ client: BrokerClient, _ now: NIODeadline) {
        attemptFailed("the shared connection was lost", client, now)
    }

    func accepted(_ acknowledgement: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline) {
        ownConnections.leaveTurn(of: client)
        wasLostAlone = false
        client.logger.debug(
            "the broker accepts the charge point",
            metadata: ["session": "\(acknowledgement.isSessionPresent ? "kept" : "new")"])
        ownConnections.isAccepted(client, self)
        switch stage.accepted() {
        case .nothing: break
        case .answer(let answer): answer?.succeed(.accepted(client.connection))
        case .back(let subscriber):
            client.logger.info("broker connection of the charge point is back")
            context.deliveries.add(.changed(subscriber, isUp: true), on: subscriber.eventLoop)
        }
    }

    // MARK: The session

    func subscribed(_ subscriber: any BrokerSubscriber, _ client: BrokerClient) {
        release(stage.attended(by: subscriber), client)
    }

    func holds(_ message: BrokerMessage, _ client: BrokerClient) -> Bool {
        lastMessage = .now()
        let memory = context.pending.memory
        return stage.hold(message) { held, more in held + more <= memory.share && memory.take(more) }
    }

    private func release(_ held: ChargePointStage.Held, _ client: BrokerClient) {
        context.pending.memory.give(held.bytes)
        for message in held.messages { client.route(message) }
    }

    // MARK: Refused and lost

    /// That is the shared connection's to find out.
    func versionUnanswered(_ client: BrokerClient) {}

    func attemptFailed(_ reason: String, _ client: BrokerClient, _ now: NIODeadline) {
        ownConnections.leaveTurn(of: client)
        switch stage.onFailedAttempt {
        case .conclude:
            conclude(nil, answer: .unavailable(reason: "the broker cannot be reached: \(reason)"), client)
        case .tryAgain:
            _ = client.backOff(now)
            client.logger.debug("broker not reachable for the charge point", metadata: ["reason": "\(reason)"])
        }
    }

    func refused(_ refusal: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline) {
        let code = refusal.reasonCode
        let reason = "the broker refuses the connection: \(MosquittoClient.text(ofReason: code))"
        let isAboutWill =
            code == Int32(MQTT_RC_RETAIN_NOT_SUPPORTED.rawValue) || code == Int32(MQTT_RC_QOS_NOT_SUPPORTED.rawValue)
        if isAboutWill, client.adaptWill(to: refusal) {
            // The same again at once, with the Will as this broker takes it.
            return ownConnections.leaveTurn(of: client)
        }
        guard ReasonCodes.refusals.contains(code) else { return attemptFailed(reason, client, now) }
        conclude(.closedByBroker(reason: reason), answer: .refused(reason: reason), client)
    }

    func lost(_ loss: ConnectionState.Loss, _ client: BrokerClient, _ now: NIODeadline) {
        _ = client.backOff(now)
        if shared.state.isUp { wasLostAlone = true }
        let reason = client.text(ofError: loss.end)
        if loss.end.code == Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue) { return conclude(.takenOver, client) }
        if ReasonCodes.dismissals.contains(loss.end.code) {
            return conclude(.closedByBroker(reason: reason), client)
        }
        switch stage.onLoss {
        case .tryAgain: break
        case .conclude: conclude(nil, client)
        case .tryAgainAndTell(let subscriber):
            client.logger.info("broker connection of the charge point lost", metadata: ["reason": "\(reason)"])
            context.deliveries.add(.changed(subscriber, isUp: false), on: subscriber.eventLoop)
            // A takeover, most likely: MQTT 3.1.1 has no word for it, and Mosquitto 2.0 does not use that of MQTT 5.
            if loss.end.code == MOSQ_ERR_CONN_LOST.rawValue, let since = shared.state.upSince {
                closedDuringLink = since
                client.wait(.until(now + Self.suspicion))
            }
        }
    }

    // MARK: The end

    func leave(_ client: BrokerClient, _ now: NIODeadline) {
        switch stage.leave(until: now + Self.leaveTime) {
        case .nothing: break
        case .abandon: abandonLogin(client)
        case .release(let held): release(held, client)
        }
    }

    /// The gateway stops: a login that still waits is refused, and there are no sessions any more.
    func stop(_ client: BrokerClient) {
        if stage.isLoggingIn {
            conclude(nil, answer: .unavailable(reason: "the gateway is shutting down"), client)
        } else {
            leave(client, .now())
        }
    }

    func worked(_ client: BrokerClient, _ now: NIODeadline) {
        if stage.isLate(now), client.state.pause == .forSharedLink { refuseLogin(client) }
        guard let deadline = stage.leavesBy else { return }
        guard client.state.isUp, now < deadline else { return conclude(nil, client) }
        if client.hasNothingToSend, now >= silentFrom, client.connection.shut(evenWithMail: false) {
            conclude(nil, client)
        }
    }

    /// A broker that keeps no session has nothing more to deliver after UNSUBACK.
    private var silentFrom: NIODeadline {
        context.configuration.sessionExpiry > .zero ? lastMessage + Self.silence : .uptimeNanoseconds(0)
    }

    func ticked(_ client: BrokerClient) {
        // Ten thousand of them say little.
        client.releaseMemory()
    }

    func nextCheck(_ now: NIODeadline) -> NIODeadline {
        guard stage.leavesBy != nil, silentFrom > now else { return stage.deadline }
        return min(stage.deadline, silentFrom)
    }

    /// Ends the connection for good. What has not reached the broker goes out on the shared connection.
    ///
    /// - Parameters:
    ///   - end: what the session is told, if there is one.
    ///   - answer: what a login is told that still waits.
    func conclude(
        _ end: BrokerConnectionEnd?,
        answer: BrokerLoginResult = .unavailable(reason: "the connection to the broker was lost"),
        _ client: BrokerClient
    ) {
        let what = stage.conclude()
        if case .nothing = what { return }
        client.close()
        _ = client.connection.shut(evenWithMail: true, end: end ?? .closedByBroker(reason: "the connection was closed"))
        dropDoubtful(client)
        var held = ChargePointStage.Held()
        switch what {
        case .nothing: break
        case .release(let left): held = left
        case .answer(let waiting, let left):
            held = left
            waiting?.succeed(answer)
        case .tell(let subscriber):
            if let end { context.deliveries.add(.ended(subscriber, end), on: subscriber.eventLoop) }
        }
        handOver(client)
        context.pending.memory.give(held.bytes)
        for message in held.messages { context.observer.brokerDeliveredUnrouted(message, from: shared.connection) }
        ownConnections.forget(client, self)
    }

    /// Over what was on its way when this link alone was lost, the shared one might be lost too: it stays here. Only
    /// what the gateway itself has written is small and harmless.
    private func dropDoubtful(_ client: BrokerClient) {
        guard wasLostAlone else { return }
        for message in client.takeResent() {
            switch message.purpose {
            case .report, .presence, .gateway: shared.enqueue(message)
            case .call, .send, .answer, .copy, .reply:
                client.notTaken(
                    message, reason: "the link of the charge point's own connection was lost right behind it")
            }
        }
    }

    private func handOver(_ client: BrokerClient) {
        var (publishes, commands): ([BrokerPublish], [ConnectionMailbox.Command]) = ([], [])
        client.connection.takeMail(publishes: &publishes, commands: &commands)
        for message in client.takeAll() + publishes { shared.enqueue(message) }
        for command in commands {
            switch command {
            case .subscribe(_, let subscriber, let announcement):
                if let announcement { context.isDone(announcement) }
                context.deliveries.add(
                    .ended(subscriber, .closedByBroker(reason: "the connection was lost")),
                    on: subscriber.eventLoop)
            case .logIn(let answer): answer.succeed(.unavailable(reason: "the connection was lost"))
            case .unsubscribe, .discard, .forget, .close: break
            }
        }
        context.schedule.list(shared)
    }
}
