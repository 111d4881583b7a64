import CMosquitto
import Glibc
import Logging
import NIOCore

/// Connecting, being refused, and losing the link.
extension BrokerClient {
    /// A link that was up for less does not count as one that works.
    private static let provenLife = TimeAmount.seconds(5)
    /// So many short-lived links in a row are no accident.
    private static let suspiciousLives = 3
    private static let longestConnect = Duration.seconds(10)

    func connect(_ now: NIODeadline) {
        acknowledgement = nil
        disconnection = nil
        if let target = thread.addresses.target { return connect(to: target, now) }
        guard isShared else { return attemptFailed("the shared connection was lost", now) }
        let address = thread.addresses.address
        target = AddressRotation.Target(index: thread.addresses.index, address: address, host: address.host)
        guard let answer = thread.lookUp(address.host) else {
            link = .resolving(deadline: now + patience)
            return
        }
        nameServerSays(answer, now)
    }

    /// - Parameter host: the name that was asked for, which may not be the one that counts any more.
    func nameServerSays(_ answer: HostResolver.Answer, about host: String, _ now: NIODeadline) {
        guard case .resolving = link, host.hasSameBytes(as: thread.addresses.address.host) else { return }
        nameServerSays(answer, now)
    }

    private func nameServerSays(_ answer: HostResolver.Answer, _ now: NIODeadline) {
        switch answer {
        case .addresses(let hosts):
            thread.addresses.found(hosts)
            if let target = thread.addresses.target { connect(to: target, now) }
        case .failed(let reason): nameNotFound(reason, now)
        }
    }

    func nameNotFound(_ reason: String, _ now: NIODeadline) {
        attemptFailed("host name not found: \(reason)", now)
    }

    private var patience: TimeAmount {
        let patience = configuration.keepAlive > .zero ? configuration.keepAlive : Self.longestConnect
        return TimeAmount(min(patience, Self.longestConnect))
    }

    private func connect(to target: AddressRotation.Target, _ now: NIODeadline) {
        self.target = target
        do throws(MosquittoClient.SetUpError) {
            let login = currentLogin()
            let client = try client(for: target.address, login)
            try client.setCredentials(login)
            let tls =
                target.address.usesTLS
                ? try thread.tlsContexts.context(for: target.address.host, isLeading: isShared, logger: logger) : nil
            let code = client.connect(to: target, tls: tls, protocolVersion: protocolVersion)
            let systemError = errno
            guard code == MOSQ_ERR_SUCCESS.rawValue, client.socket >= 0 else {
                return attemptFailed(text(ofError: code, systemError: systemError), now)
            }
            watchNewSocket(client)
            link = .connecting(deadline: now + patience, isConnected: false)
        } catch {
            attemptFailed(error.reason, now)
        }
    }

    /// One client for all attempts until a link is up: then what it has unacknowledged would be sent again, whatever has
    /// become of it. And TLS cannot be taken off one again.
    private func client(for address: BrokerLinkConfiguration.Address, _ login: BrokerLogin)
        throws(MosquittoClient.SetUpError) -> MosquittoClient
    {
        if queue.hasStaleInFlight(now: .now()) { renewClient() }
        if let client, client.usesTLS == address.usesTLS, !isClientSpent { return client }
        let older = client
        client = nil
        renewClient()
        maximumPacketSize = nil
        qualityOfService = configuration.qualityOfService.rawValue
        let new = try MosquittoClient(
            configuration: configuration, login: login, receiveMaximum: receiveMaximum, usesTLS: address.usesTLS,
            events: self)
        if let older { new.follow(older) }
        client = new
        isClientSpent = false
        return new
    }

    private var login: BrokerLogin {
        chargePoint?.login
            ?? BrokerLogin(
                clientID: configuration.clientID(ofConnection: connection.index), username: configuration.username,
                password: passwordInFile ?? configuration.password,
                will: connection.index == 0 ? configuration.will : nil)
    }

    /// With the password as it stands in its file now.
    private func currentLogin() -> BrokerLogin {
        guard isShared, let file = configuration.passwordFile else { return login }
        do throws(ConnectFile.Failure) {
            passwordInFile = try PasswordFile.read(file) ?? passwordInFile
        } catch {
            logger.error(
                "the password file for the broker cannot be used: what was read before is",
                metadata: ["file": "\(file)", "reason": "\(error.reason)"])
        }
        return login
    }

    var protocolVersion: BrokerLinkConfiguration.ProtocolVersion {
        target.map { thread.fallback.version(forAddress: $0.index) } ?? configuration.protocolVersion
    }

    // MARK: CONNACK

    /// In libmosquitto's call-back: it sends its unacknowledged publishes when this returns, and the subscriptions
    /// must be in front of them, or an answer could be missed.
    func mosquittoConnected(_ acknowledgement: ConnectAcknowledgement) {
        self.acknowledgement = acknowledgement
        guard acknowledgement.reasonCode == 0 else { return }
        qualityOfService = min(
            configuration.qualityOfService.rawValue, acknowledgement.maximumQualityOfService ?? qualityOfService)
        maximumPacketSize = acknowledgement.maximumPacketSize ?? maximumPacketSize
        connection.brokerTakesPackets(upTo: maximumPacketSize ?? 0)
        inFlightLimit = max(1, min(configuration.maxInflight, acknowledgement.receiveMaximum ?? 65535))
        if protocolVersion == .v311, qualityOfService == 2 {
            // MQTT 3.1.1 brokers cannot say how many they take, and Mosquitto 2.0 acknowledges QoS 2 messages beyond
            // its max_inflight_messages (20) and then loses them.
            inFlightLimit = min(inFlightLimit, 20)
        }
        link = .up(since: .now())
        redeliveries.linkUp(sessionPresent: acknowledgement.isSessionPresent)
        if acknowledgement.isSessionPresent, let older = thread.redeliveries(before: self) {
            redeliveries.inherit(from: older)
        }
        table.linkUp(sessionPresent: acknowledgement.isSessionPresent)
        suspects.linkUp(now: .now())
        if !sendSuspects(.now()) { sendSubscriptions() }
    }

    func announceIfAcknowledged(_ now: NIODeadline) {
        guard let acknowledgement, acknowledgement.reasonCode == 0 else { return }
        self.acknowledgement = nil
        connection.linkChanged(isUp: true)
        guard isShared else { return chargePointAccepted(isSessionPresent: acknowledgement.isSessionPresent) }
        if let target {
            thread.fallback.accepted(address: target.index)
        }
        logger.info(
            "broker link up",
            metadata: [
                "protocol": "\(protocolVersion.rawValue)",
                "session": "\(acknowledgement.isSessionPresent ? "kept" : "new")",
            ])
        if !acknowledgement.isSessionPresent { thread.observer.brokerSessionIsNew(connection: connection.index) }
        thread.observer.brokerLinkChanged(connection: connection.index, isUp: true)
        thread.lead(now)
    }

    // MARK: Failure

    func mosquittoDisconnected(code: Int32, systemError: Int32) {
        // libmosquitto may report an end twice; the first report names the cause.
        disconnection = disconnection ?? (code, systemError)
    }

    func connectionEnded(_ end: (code: Int32, systemError: Int32), isOrderly: Bool, _ now: NIODeadline) {
        switch link {
        case .down, .resolving: return
        case .up(let since): linkLost(end, isOrderly: isOrderly, since: since, now)
        case .connecting:
            if let refusal = acknowledgement {
                return refused(refusal, now)
            }
            let wasClosed = end.code == MOSQ_ERR_CONN_LOST.rawValue || end.code == MOSQ_ERR_PROTOCOL.rawValue
            if isShared, wasClosed, let target, client?.usesTLS == false || end.code == MOSQ_ERR_PROTOCOL.rawValue {
                thread.fallback.closedBeforeAnswer(address: target.index)
            }
            attemptFailed(text(ofError: end.code, systemError: end.systemError), now)
        }
    }

    private func linkLost(
        _ end: (code: Int32, systemError: Int32), isOrderly: Bool, since: NIODeadline, _ now: NIODeadline
    ) {
        forgetSocket()
        let verdict = noteLoss(code: end.code, isOrderly: isOrderly, now)
        table.linkLost()
        if isShared {
            thread.fallback.linkLost()
            thread.addresses.linkLost()
        }
        if now - since >= Self.provenLife {
            backoff.reset()
            shortLives = 0
        } else if end.code == MOSQ_ERR_CONN_LOST.rawValue {
            shortLives += 1
        }
        act(on: verdict, now)
        let pause = isOrderly ? .zero : backoff.next()
        link = .down(retryAt: now + TimeAmount(pause))
        connection.linkChanged(isUp: false)
        disconnection = nil
        guard isShared else { return chargePointLost(end, isOrderly: isOrderly, since: since, now) }
        logTakeover(code: end.code)
        if isOrderly {
            logger.info("broker link closed")
        } else {
            logger.warning(
                "broker link down",
                metadata: [
                    "reason": "\(text(ofError: end.code, systemError: end.systemError))",
                    "retry_in": "\(pause.inMilliseconds)",
                ])
        }
        thread.observer.brokerLinkChanged(connection: connection.index, isUp: false)
    }

    private func logTakeover(code: Int32) {
        if code == Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue) {
            logger.error(
                "another MQTT client connected with this gateway's client id; each gateway needs its own",
                metadata: ["client_id": "\(login.clientID)"])
        } else if shortLives == Self.suspiciousLives {
            // Not all brokers give the reason.
            logger.error(
                "the broker closes the connection again and again; does another MQTT client use this client id?",
                metadata: ["client_id": "\(login.clientID)"])
        }
    }

    private func refused(_ refusal: ConnectAcknowledgement, _ now: NIODeadline) {
        let reasonCode = refusal.reasonCode
        let isVersion =
            reasonCode == Int32(MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION.rawValue)
            || reasonCode == Int32(CONNACK_REFUSED_PROTOCOL_VERSION.rawValue)
        if isShared, isVersion, thread.fallback.versionRefused() {
            logger.info("the broker does not speak MQTT 5, going on with 3.1.1")
            forgetSocket()
            link = .down(retryAt: now)
            return
        }
        guard isShared else { return chargePointRefused(refusal, now) }
        let reason = MosquittoClient.text(ofReason: reasonCode)
        logger.error(
            "the broker refuses the connection",
            metadata: ["reason": "\(reason)", "code": "\(reasonCode)", "client_id": "\(login.clientID)"])
        client?.adaptWill(to: refusal)
        attemptFailed("refused: \(reason)", now)
    }

    /// The broker has neither answered nor refused. There are some that do that to a CONNECT of MQTT 5.
    func noAnswer(_ now: NIODeadline) {
        if isShared, client?.isConnected == true, let target {
            thread.fallback.closedBeforeAnswer(address: target.index)
        }
        abandonAttempt("no answer in time", now)
    }

    /// For an attempt that libmosquitto itself does not give up; it closes the socket at the next connect.
    func abandonAttempt(_ reason: String, _ now: NIODeadline) {
        forgetSocket()
        if let client, client.socket >= 0 {
            shutdown(client.socket, Int32(SHUT_RDWR))
        }
        attemptFailed(client?.errorText.map { "\(reason): \($0)" } ?? reason, now)
    }

    private func attemptFailed(_ reason: String, _ now: NIODeadline) {
        forgetSocket()
        guard isShared else { return chargePointNotConnected(reason, now) }
        let isRoundOver = thread.addresses.advance()
        let pause = isRoundOver ? backoff.next() : .zero
        link = .down(retryAt: now + TimeAmount(pause))
        let metadata: Logger.Metadata = ["reason": "\(reason)", "retry_in": "\(pause.inMilliseconds)"]
        switch target?.address.usesTLS == true ? TLSFault(in: reason) : nil {
        // Somebody has to do something about it: trying again alone will not help.
        case .brokers: logger.error("the broker's certificate is not accepted", metadata: metadata)
        case .ours: logger.error("the broker does not accept the gateway's certificate", metadata: metadata)
        case .version:
            logger.error("the broker speaks no TLS version that broker.tls.min_version allows", metadata: metadata)
        case .files: logger.error("the TLS files for the broker cannot be used", metadata: metadata)
        case nil: logger.warning("broker not reachable", metadata: metadata)
        }
    }

    func text(ofError code: Int32, systemError: Int32) -> String {
        if code >= 0x80 {
            return "closed by the broker: \(MosquittoClient.text(ofReason: code))"
        }
        if code == MOSQ_ERR_KEEPALIVE.rawValue {
            return
                "nothing came from the broker within the keep alive (\(configuration.keepAlive.components.seconds) s)"
        }
        let text = MosquittoClient.text(ofError: code, systemError: systemError)
        return client?.errorText.map { "\(text): \($0)" } ?? text
    }
}

extension Duration {
    /// For the log: nobody reads the jitter's last digits.
    fileprivate var inMilliseconds: String { "\(Int64(self / .milliseconds(1))) ms" }
}
