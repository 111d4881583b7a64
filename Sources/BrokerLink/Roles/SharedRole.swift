import CMosquitto
import Logging
import NIOCore
import OutsideNames

/// A connection that charge points share. It finds the way to the broker, address and MQTT version, and the charge
/// points' own connections of its thread follow.
final class SharedRole: ConnectionRole {
    let receiveMaximum = 512
    let tickInterval = TimeAmount.seconds(1)
    let firstPause = ConnectionState.Pause.until(.uptimeNanoseconds(0))
    /// The connection's number says whose it is.
    let loggedClientID: String? = nil

    private unowned let context: BrokerThreadContext
    private unowned let ownConnections: OwnConnections
    /// As `broker.password_file` had it last.
    private var passwordInFile: String?
    private var hasBeenUp = false
    /// All is said that there was to say, or the time for it is over.
    private(set) var isFinished = false

    init(_ context: BrokerThreadContext, _ ownConnections: OwnConnections) {
        self.context = context
        self.ownConnections = ownConnections
    }

    // MARK: What only charge points' own connections are told

    func logIn(_ answer: EventLoopPromise<BrokerLoginResult>, _ client: BrokerClient) {
        answer.succeed(.unavailable(reason: "this connection is everybody's"))
    }

    func subscribed(_ subscriber: any BrokerSubscriber, _ client: BrokerClient) {}

    func leave(_ client: BrokerClient, _ now: NIODeadline) {}

    func holds(_ message: BrokerMessage, _ client: BrokerClient) -> Bool { false }

    // MARK: Connecting

    func attempt(_ client: BrokerClient, _ now: NIODeadline) {
        if !isStopping(client, withNothingToSendBy: now) { client.connect(now) }
    }

    func findAddress(_ client: BrokerClient, _ now: NIODeadline) {
        client.lookUp(context.addresses.address, index: context.addresses.index, now)
    }

    private func login(_ client: BrokerClient, password: String?) -> BrokerLogin {
        let configuration = context.configuration
        let index = client.connection.index
        return BrokerLogin(
            clientID: configuration.clientID(ofConnection: index), username: configuration.username,
            password: password, will: index == 0 ? configuration.will : nil)
    }

    /// With the password as it stands in its file now.
    func login(_ client: BrokerClient) -> BrokerLogin {
        let configuration = context.configuration
        guard let file = configuration.passwordFile else { return login(client, password: configuration.password) }
        do throws(PasswordFile.Failure) {
            passwordInFile = try PasswordFile.read(file) ?? passwordInFile
        } catch {
            client.logger.error(
                "the password file for the broker cannot be used: what was read before is",
                metadata: ["file": "\(file)", "reason": "\(error.reason)"])
        }
        return login(client, password: passwordInFile ?? configuration.password)
    }

    func tlsContext(for host: String, _ client: BrokerClient) throws(MosquittoSetUpError) -> BrokerTLSContext {
        try context.tlsContexts.newContext(for: host, logger: client.logger)
    }

    func earlierRedeliveries(_ client: BrokerClient) -> RedeliveryFilter? { nil }

    func accepted(_ acknowledgement: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline) {
        if let target = client.target { context.fallback.accepted(address: target.index) }
        if hasBeenUp { context.counts.events.add(.reconnects) }
        hasBeenUp = true
        client.logger.info(
            "broker link up",
            metadata: [
                "protocol": "\(client.protocolVersion.rawValue)",
                "session": "\(acknowledgement.isSessionPresent ? "kept" : "new")",
            ])
        let index = client.connection.index
        if !acknowledgement.isSessionPresent { context.observer.brokerSessionIsNew(connection: index) }
        context.observer.brokerLinkChanged(connection: index, isUp: true)
        ownConnections.followSharedLink(now)
    }

    // MARK: Failure

    func versionUnanswered(_ client: BrokerClient) {
        if let target = client.target { context.fallback.closedBeforeAnswer(address: target.index) }
    }

    func refused(_ refusal: ConnectAcknowledgement, _ client: BrokerClient, _ now: NIODeadline) {
        let reasonCode = refusal.reasonCode
        let isVersion =
            reasonCode == Int32(MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION.rawValue)
            || reasonCode == Int32(CONNACK_REFUSED_PROTOCOL_VERSION.rawValue)
        if isVersion, context.fallback.versionRefused() {
            client.logger.info("the broker does not speak MQTT 5, going on with 3.1.1")
            // At once.
            return
        }
        let reason = MosquittoClient.text(ofReason: reasonCode)
        client.logger.error(
            "the broker refuses the connection",
            metadata: ["reason": "\(reason)", "code": "\(reasonCode)", "client_id": "\(clientID(client))"])
        _ = client.adaptWill(to: refusal)
        attemptFailed("refused: \(reason)", client, now)
    }

    func attemptFailed(_ reason: String, _ client: BrokerClient, _ now: NIODeadline) {
        context.counts.failed(.failedAttempts, reason)
        let isRoundOver = context.addresses.advance()
        let pause = isRoundOver ? client.backOff(now) : .zero
        let metadata: Logger.Metadata = ["reason": "\(reason)", "retry_in": "\(pause.inMilliseconds)"]
        let logger = client.logger
        switch client.target?.address.usesTLS == true ? TLSFault(in: reason) : nil {
        // Somebody has to do something about it: trying again alone will not help.
        case .brokers: logger.error("the broker's certificate is not accepted", metadata: metadata)
        case .ours: logger.error("the broker does not accept the gateway's certificate", metadata: metadata)
        case .version:
            logger.error("the broker speaks no TLS version that broker.tls.min_version allows", metadata: metadata)
        case .files: logger.error("the TLS files for the broker cannot be used", metadata: metadata)
        case nil: logger.warning("broker not reachable", metadata: metadata)
        }
    }

    func lost(_ loss: ConnectionState.Loss, _ client: BrokerClient, _ now: NIODeadline) {
        context.fallback.linkLost()
        context.addresses.linkLost()
        logTakeover(loss, client)
        if loss.isOrderly {
            client.logger.info("broker link closed")
            isFinished = true
        } else {
            let reason = client.text(ofError: loss.end)
            context.counts.failed(.lostLinks, reason)
            let pause = client.backOff(now)
            client.logger.warning(
                "broker link down", metadata: ["reason": "\(reason)", "retry_in": "\(pause.inMilliseconds)"])
        }
        context.observer.brokerLinkChanged(connection: client.connection.index, isUp: false)
    }

    private func logTakeover(_ loss: ConnectionState.Loss, _ client: BrokerClient) {
        if loss.end.code == Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue) {
            client.logger.error(
                "another MQTT client connected with this gateway's client id; each gateway needs its own",
                metadata: ["client_id": "\(clientID(client))"])
        } else if !loss.isProven, loss.end.code == MOSQ_ERR_CONN_LOST.rawValue, client.noteShortLife() {
            // Not all brokers give the reason.
            client.logger.error(
                "the broker closes the connection again and again; does another MQTT client use this client id?",
                metadata: ["client_id": "\(clientID(client))"])
        }
    }

    private func clientID(_ client: BrokerClient) -> ClientID {
        context.configuration.clientID(ofConnection: client.connection.index)
    }

    // MARK: The end

    private func isStopping(_ client: BrokerClient, withNothingToSendBy now: NIODeadline) -> Bool {
        guard let stopDeadline = context.stopDeadline else { return false }
        return now >= stopDeadline || (client.queue.isEmpty && ownConnections.isEmpty)
    }

    func worked(_ client: BrokerClient, _ now: NIODeadline) {
        guard let stopDeadline = context.stopDeadline, !isFinished else { return }
        guard client.state.isUp else {
            isFinished = isStopping(client, withNothingToSendBy: now)
            return
        }
        if client.state.isOpen, now >= stopDeadline || isDone(client) {
            // Without a DISCONNECT the broker would publish the Will.
            client.disconnect(now)
        }
        if now >= stopDeadline { isFinished = true }
    }

    /// All is said, and nobody can have more to say about what the broker has delivered.
    private func isDone(_ client: BrokerClient) -> Bool {
        client.hasNothingToSend && context.deliveries.isEmpty && context.backlog.isEmpty && ownConnections.isEmpty
            && client.connection.shut(evenWithMail: false)
    }

    func ticked(_ client: BrokerClient) {}

    func nextCheck(_ now: NIODeadline) -> NIODeadline { .distantFuture }
}

extension Duration {
    /// For the log: nobody reads the jitter's last digits.
    fileprivate var inMilliseconds: String { "\(Int64(self / .milliseconds(1))) ms" }
}
