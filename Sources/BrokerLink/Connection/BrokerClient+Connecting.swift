import CMosquitto
import Glibc
import Logging
import NIOCore

/// Connecting, being refused, and losing the link.
extension BrokerClient {
    private static let longestConnect = Duration.seconds(10)

    // MARK: The name server

    func connect(_ now: NIODeadline) {
        if let target = context.addresses.target {
            connect(to: target, now)
        } else {
            role.findAddress(self, now)
        }
    }

    /// - Parameter index: of the address, among those of the configuration.
    func lookUp(_ address: BrokerLinkConfiguration.Address, index: Int, _ now: NIODeadline) {
        target = AddressRotation.Target(index: index, address: address, host: address.host)
        guard let answer = context.lookUp(address.host) else { return state.lookUpStarted(deadline: now + patience) }
        nameServerSays(answer, now)
    }

    /// - Parameter host: the name that was asked for, which may not be the one that counts any more.
    func nameServerSays(_ answer: HostResolver.Answer, about host: String, _ now: NIODeadline) {
        guard state.isResolving, host.hasSameBytes(as: context.addresses.address.host) else { return }
        nameServerSays(answer, now)
    }

    private func nameServerSays(_ answer: HostResolver.Answer, _ now: NIODeadline) {
        switch answer {
        case .addresses(let hosts):
            context.addresses.found(hosts)
            if let target = context.addresses.target { connect(to: target, now) }
        case .failed(let reason): nameNotFound(reason, now)
        }
    }

    func nameNotFound(_ reason: String, _ now: NIODeadline) {
        attemptFailed("host name not found: \(reason)", now)
    }

    // MARK: CONNECT

    private var patience: TimeAmount {
        let patience = configuration.keepAlive > .zero ? configuration.keepAlive : Self.longestConnect
        return TimeAmount(min(patience, Self.longestConnect))
    }

    private func connect(to target: AddressRotation.Target, _ now: NIODeadline) {
        self.target = target
        do throws(MosquittoSetUpError) {
            let login = role.login(self)
            let client = try client(for: target.address, login)
            try client.setCredentials(login)
            let tls = target.address.usesTLS ? try role.tlsContext(for: target.address.host, self) : nil
            let code = client.connect(to: target, tls: tls, protocolVersion: protocolVersion)
            let systemError = errno
            guard code == MOSQ_ERR_SUCCESS.rawValue, client.socket >= 0 else {
                return attemptFailed(text(ofError: ConnectionState.End(code: code, systemError: systemError)), now)
            }
            state.attemptStarted(socket: client.socket, deadline: now + patience)
            context.watch(client.socket, of: self)
        } catch {
            attemptFailed(error.reason, now)
        }
    }

    /// One client for all attempts until a link is up: then what it has unacknowledged would be sent again, whatever has
    /// become of it. And TLS cannot be taken off one again.
    private func client(for address: BrokerLinkConfiguration.Address, _ login: BrokerLogin)
        throws(MosquittoSetUpError) -> MosquittoClient
    {
        if queue.hasStaleInFlight(now: .now()) { renewClient() }
        if let client, client.usesTLS == address.usesTLS, !isClientSpent { return client }
        let older = client
        client = nil
        renewClient()
        limits.forget()
        let new = try MosquittoClient(
            configuration: configuration, login: login, receiveMaximum: role.receiveMaximum, usesTLS: address.usesTLS,
            buffers: context.packetBuffers, events: self)
        if let older { new.follow(older) }
        client = new
        isClientSpent = false
        return new
    }

    var protocolVersion: BrokerLinkConfiguration.ProtocolVersion {
        target.map { context.fallback.version(forAddress: $0.index) } ?? configuration.protocolVersion
    }

    // MARK: CONNACK

    /// In libmosquitto's call-back: it sends its unacknowledged publishes when this returns, and the subscriptions
    /// must be in front of them, or an answer could be missed.
    func acknowledged(_ acknowledgement: ConnectAcknowledgement) {
        let now = NIODeadline.now()
        switch state.acknowledged(acknowledgement, now) {
        case .waitForEnd: return
        case .begin: break
        }
        limits.accepted(acknowledgement, version: protocolVersion)
        connection.brokerTakesPackets(upTo: limits.maximumPacketSize ?? 0)
        redeliveries.linkUp(sessionPresent: acknowledgement.isSessionPresent)
        if acknowledgement.isSessionPresent, let earlier = role.earlierRedeliveries(self) {
            redeliveries.inherit(from: earlier)
        }
        table.linkUp(sessionPresent: acknowledgement.isSessionPresent)
        suspects.linkUp(now: now)
        if !sendSuspects(now) { sendSubscriptions() }
    }

    /// Outside of libmosquitto's call-back: the others hear that the broker has accepted.
    func passOnNews(_ now: NIODeadline) {
        guard let acknowledgement = state.takeNews() else { return }
        connection.linkChanged(isUp: true)
        role.accepted(acknowledgement, self, now)
    }

    // MARK: Failure

    func connectionEnded(_ end: ConnectionState.End, _ now: NIODeadline) {
        switch state.ended(end, now) {
        case .nothing: break
        case .lost(let loss, let socket):
            unwatch(socket)
            linkLost(loss, now)
        case .refused(let refusal, let socket):
            unwatch(socket)
            role.refused(refusal, self, now)
        case .unanswered(let end, let socket):
            unwatch(socket)
            let wasClosed = end.code == MOSQ_ERR_CONN_LOST.rawValue || end.code == MOSQ_ERR_PROTOCOL.rawValue
            if wasClosed, client?.usesTLS == false || end.code == MOSQ_ERR_PROTOCOL.rawValue {
                role.versionUnanswered(self)
            }
            role.attemptFailed(text(ofError: end), self, now)
        }
    }

    private func linkLost(_ loss: ConnectionState.Loss, _ now: NIODeadline) {
        let verdict = noteLoss(code: loss.end.code, isOrderly: loss.isOrderly, now)
        table.linkLost()
        act(on: verdict, now)
        connection.linkChanged(isUp: false)
        role.lost(loss, self, now)
    }

    /// The broker has neither answered nor refused. There are some that do that to a CONNECT of MQTT 5.
    func noAnswer(_ now: NIODeadline) {
        if client?.isConnected == true { role.versionUnanswered(self) }
        abandonAttempt("no answer in time", now)
    }

    /// For an attempt that libmosquitto itself does not give up; it closes the socket at the next connect.
    func abandonAttempt(_ reason: String, _ now: NIODeadline) {
        unwatch(state.giveUp(now))
        if let client, client.socket >= 0 {
            shutdown(client.socket, Int32(SHUT_RDWR))
        }
        role.attemptFailed(client?.errorText.map { "\(reason): \($0)" } ?? reason, self, now)
    }

    private func attemptFailed(_ reason: String, _ now: NIODeadline) {
        unwatch(state.giveUp(now))
        role.attemptFailed(reason, self, now)
    }

    func text(ofError end: ConnectionState.End) -> String {
        if end.code >= 0x80 {
            return "closed by the broker: \(MosquittoClient.text(ofReason: end.code))"
        }
        if end.code == MOSQ_ERR_KEEPALIVE.rawValue {
            return "no answer to a ping within the keep alive (\(configuration.keepAlive.components.seconds) s)"
        }
        let text = MosquittoClient.text(ofError: end.code, systemError: end.systemError)
        return client?.errorText.map { "\(text): \($0)" } ?? text
    }
}
