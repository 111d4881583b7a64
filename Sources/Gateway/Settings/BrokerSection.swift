import BoundedFiles
import BrokerLink
import OutsideNames
import Settings

/// `broker.*`: how the broker is reached, and what becomes of sessions without it.
struct BrokerSection {
    var link: BrokerLinkConfiguration
    var outage: GatewayConfiguration.BrokerOutage
    /// Paths of the files that are read at each connect to the broker.
    var files: [String] = []
    /// Of a charge point's own connection.
    var ownClientID: String

    var hasOwnConnections: Bool { link.sessions == .perChargePoint }

    init(_ read: inout SettingsReader, hostName: String) {
        read.section("Broker", applies: .afterRestart)
        link = BrokerLinkConfiguration(clientID: ClientID("ocpp-gateway-\(hostName)"))
        let url = read(
            "broker.url", .brokerURL, default: BrokerURL(addresses: link.addresses),
            help: "MQTT broker: mqtt:// or mqtts://, host, port; a comma-separated list is tried in turn")
        let user = read.optional("broker.username", .text, help: "user name at the broker")
        let password = read.secret("broker.password", fileKey: "broker.password_file", help: "password at the broker")
        let clientID = read.optional(
            "broker.client_id", .clientID, help: "MQTT client id and gateway id; default ocpp-gateway-<hostname>")
        link.protocolVersion = read("broker.protocol", .choice(), default: link.protocolVersion, help: "MQTT version")
        let qos = read(
            "broker.qos", .integer(0...2), default: Int(link.qualityOfService.rawValue),
            help: "QoS of publishes and subscriptions")
        link.qualityOfService = .init(rawValue: Int32(qos)) ?? link.qualityOfService
        link.keepAlive = read(
            "broker.keep_alive", .duration(.seconds(5) ... .seconds(65535)), default: link.keepAlive,
            help: "MQTT keep alive")
        link.sessionExpiry = read(
            "broker.session_expiry", .duration(.zero ... .seconds(4_294_967_294)), default: link.sessionExpiry,
            help: "how long the broker keeps subscriptions across a lost link; 0s: clean start")
        link.connections = read(
            "broker.connections", .integer(1...64), default: link.connections,
            help: "MQTT connections shared by all charge points")
        link.sessions = read(
            "broker.sessions", .choice(["shared": .shared, "per_charge_point": .perChargePoint]),
            default: link.sessions,
            help: "per_charge_point: an MQTT connection for each, with its credentials; the broker lets it in or not")
        ownClientID = read(
            "broker.sessions_client_id", .topic(ConfiguredTopic.identity), default: "ocpp-${clientid}",
            help: "with per_charge_point: MQTT client id of a charge point's own connection")
        link.maxInflight = read(
            "broker.max_inflight", .integer(1...65535), default: link.maxInflight,
            help: "publishes sent and not yet acknowledged, per connection")
        link.maxPending = read(
            "broker.max_pending", .integer(1...10_000_000), default: link.maxPending,
            help: "messages that may wait for the broker in all")
        let disconnects = read(
            "broker.outage", .choice(["hold": false, "disconnect": true]), default: false,
            help: "sessions while the broker is away: hold keeps them, disconnect closes them")
        let timeout = read(
            "broker.outage_timeout", .duration(.zero ... .day), default: .seconds(30),
            help: "how long the broker may be away before disconnect closes sessions")
        outage = disconnects ? .disconnect(after: timeout) : .hold
        link.tls = BrokerLinkConfiguration.TLS(&read, isUsed: url.addresses.contains(where: \.usesTLS))

        link.addresses = url.addresses
        take(clientID, &read, hostName)
        take(user, password, url, &read)
        checkOwnClientIDs(&read)
        files = [link.passwordFile].compactMap(\.self)
        if link.addresses.contains(where: \.usesTLS) {
            files += [link.tls.caFile, link.tls.certificateFile, link.tls.keyFile].compactMap(\.self)
        }
    }

    private mutating func take(_ clientID: String?, _ read: inout SettingsReader, _ hostName: String) {
        if let clientID {
            link.clientID = ClientID(clientID)
        } else if read["broker.client_id"]?.flaw == nil,
            (try? SettingSyntax.clientID.value(of: link.clientID.text)) == nil
        {
            read.problem(
                "broker.client_id", "expected to be set, because this machine's name cannot be part of a topic")
        }
        read.setEffectiveText("broker.client_id", link.clientID.text)
    }

    /// User and password may be in the URL, or in settings of their own.
    private mutating func take(_ user: String?, _ password: Secret?, _ url: BrokerURL, _ read: inout SettingsReader) {
        if let user, let other = url.username, !other.hasSameBytes(as: user) {
            read.problem("broker.username", "expected the same user as in broker.url, or only one")
        }
        let key = read["broker.password_file"]?.text.isEmpty == false ? "broker.password_file" : "broker.password"
        if password != nil, url.password != nil {
            read.problem(key, "expected no password here, because broker.url has one")
        }
        link.password = password?.text ?? url.password
        link.passwordFile = password?.file
        link.username = (user ?? url.username).map { UserName($0) }
        if link.password != nil, link.username == nil { read.problem(key, "expected broker.username with it") }
    }

    /// The client ids of charge points must be theirs alone, also while they are not used: who turns connections of their
    /// own on later must not find out then.
    private func checkOwnClientIDs(_ read: inout SettingsReader) {
        let key = "broker.sessions_client_id"
        guard let template = try? ConfiguredTopic(ownClientID, allowing: ConfiguredTopic.identity) else { return }
        if !template.namesChargePoint {
            read.problem(key, "expected ${clientid} in it: every charge point has its own client id")
        } else if !template.parts.contains(where: { if case .literal = $0 { true } else { false } }) {
            read.problem(
                key,
                "expected something fixed beside ${clientid}, such as ocpp-${clientid}: a charge point could else have "
                    + "the client id of anybody at the broker")
        } else if ownClientID.utf8.starts(with: OwnClientIDs.gatewayPrefix.utf8) {
            read.problem(key, "expected not to begin with \(OwnClientIDs.gatewayPrefix): gateways' client ids do")
        }
    }
}

extension BrokerLinkConfiguration.TLS {
    /// - Parameter isUsed: some address is `mqtts://`.
    fileprivate init(_ read: inout SettingsReader, isUsed: Bool) {
        self.init()
        caFile = read.optional(
            "broker.tls.ca_file", .file, help: "PEM file of the certificate authorities; default the system's")
        certificateFile = read.optional(
            "broker.tls.cert_file", .file, help: "PEM file of the gateway's certificate towards the broker")
        keyFile = read.optional("broker.tls.key_file", .file, help: "PEM file of its private key")
        keyPassword = read.secret("broker.tls.key_password", help: "password of the private key")?.text
        verify = read(
            "broker.tls.verify", .boolean, default: verify, help: "check the broker's certificate and host name")
        minimumVersion = read(
            "broker.tls.min_version", .choice(), default: minimumVersion, help: "oldest TLS version")
        for reading in read.readings where reading.key.hasPrefix("broker.tls.") && !reading.isDefault {
            if !isUsed {
                read.warn(reading.key, "has no effect, because broker.url names no mqtts:// address")
            } else if reading.kind == .file {
                read.checkFile(reading.key)
            }
        }
        read.checkPair("broker.tls.cert_file", "broker.tls.key_file")
    }
}

extension SettingsReader {
    /// The file that a setting names must be one that can be read.
    mutating func checkFile(_ key: String) {
        guard let reading = self[key], !reading.text.isEmpty, reading.flaw == nil,
            let obstacle = BoundedFile.obstacle(to: reading.text)
        else { return }
        problem(key, "expected a file that can be read: \(obstacle)")
    }

    /// Two settings of which neither is anything without the other.
    mutating func checkPair(_ one: String, _ other: String) {
        let isThere = { (key: String, reader: Self) in reader[key]?.text.isEmpty == false }
        switch (isThere(one, self), isThere(other, self)) {
        case (true, false): problem(one, "expected \(other) with it")
        case (false, true): problem(other, "expected \(one) with it")
        default: break
        }
    }
}
