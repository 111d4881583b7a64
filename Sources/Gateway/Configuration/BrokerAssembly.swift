import BoundedFiles
import BrokerLink
import OutsideNames

extension ConfigurationAssembly {
    /// The broker's part; its client id is the gateway's id.
    mutating func broker() -> BrokerLinkConfiguration {
        let url = try? BrokerURL(text(.brokerURL))
        let (username, password) = credentials(url)
        let addresses = url?.addresses ?? []
        var configuration = BrokerLinkConfiguration(
            addresses: addresses,
            username: username.map { UserName($0) },
            password: password,
            passwordFile: optional(.brokerPasswordFile),
            clientID: ClientID(clientID()),
            protocolVersion: .init(rawValue: choice(.brokerProtocol)) ?? .v5,
            qualityOfService: .init(rawValue: Int32(truncatingIfNeeded: integer(.brokerQoS))) ?? .atLeastOnce,
            keepAlive: duration(.brokerKeepAlive),
            sessionExpiry: duration(.brokerSessionExpiry),
            connections: integer(.brokerConnections),
            sessions: brokerSessions(),
            maxInflight: integer(.brokerMaxInflight),
            maxPending: integer(.brokerMaxPending),
            tls: tls(isUsed: addresses.contains(where: \.usesTLS))
        )
        configuration.responseTopics = optional(.responseTopics).map { Topic($0) }
        configuration.refusesUnrouted = choice(.unrouted) == "error"
        return configuration
    }

    var brokerFiles: [String] {
        let tls: [ConfigurationKey] = [.brokerCAFile, .brokerCertificateFile, .brokerKeyFile]
        let usesTLS = (try? BrokerURL(text(.brokerURL)))?.addresses.contains(where: \.usesTLS) ?? false
        return ([.brokerPasswordFile] + (usesTLS ? tls : [])).compactMap { optional($0) }
    }

    var hasOwnConnections: Bool { choice(.brokerSessions) == "per_charge_point" }

    private mutating func brokerSessions() -> BrokerLinkConfiguration.Sessions {
        if !hasOwnConnections, choice(.authenticationBackend) == "broker" {
            problems.append(
                setting(.authenticationBackend).problem("expected broker.sessions: per_charge_point with it"))
        }
        if hasOwnConnections { checkOwnClientIDs() }
        return hasOwnConnections ? .perChargePoint : .shared
    }

    /// The client ids of charge points must be theirs alone.
    private mutating func checkOwnClientIDs() {
        let setting = setting(.brokerSessionsClientID)
        guard let template = try? ConfiguredTopic(setting.text, allowing: ConfiguredTopic.identity) else { return }
        if !template.namesChargePoint {
            problems.append(setting.problem("expected ${clientid} in it: every charge point has its own client id"))
        } else if !template.parts.contains(where: { if case .literal = $0 { true } else { false } }) {
            problems.append(
                setting.problem(
                    "expected something fixed beside ${clientid}, such as ocpp-${clientid}: a charge point could "
                        + "else have the client id of anybody at the broker"))
        } else if setting.text.utf8.starts(with: OwnClientIDs.gatewayPrefix.utf8) {
            problems.append(
                setting.problem("expected not to begin with \(OwnClientIDs.gatewayPrefix): gateways' client ids do"))
        }
    }

    private mutating func clientID() -> String {
        if let clientID = optional(.brokerClientID) { return clientID }
        let clientID = "ocpp-gateway-\(hostName)"
        if ConfigurationKey.brokerClientID.kind.expectation(unmetBy: clientID) != nil {
            let expectation = "expected to be set, because this machine's name cannot be part of a topic"
            problems.append(setting(.brokerClientID).problem(expectation))
        }
        return clientID
    }

    private mutating func credentials(_ url: BrokerURL?) -> (username: String?, password: String?) {
        let username = optional(.brokerUsername)
        if let username, let other = url?.username, !other.hasSameBytes(as: username) {
            problems.append(setting(.brokerUsername).problem("expected the same user as in broker.url, or only one"))
        }
        var password = optional(.brokerPassword)
        if optional(.brokerPasswordFile) != nil {
            if password != nil {
                problems.append(setting(.brokerPasswordFile).problem("expected broker.password or this, not both"))
            }
            password = passwordFromFile()
        }
        if password != nil, url?.password != nil {
            let key: ConfigurationKey = optional(.brokerPasswordFile) == nil ? .brokerPassword : .brokerPasswordFile
            problems.append(setting(key).problem("expected no password here, because broker.url has one"))
        }
        password = password ?? url?.password
        let user = username ?? url?.username
        if password != nil, user == nil {
            let key: ConfigurationKey = optional(.brokerPasswordFile) == nil ? .brokerPassword : .brokerPasswordFile
            problems.append(setting(key).problem("expected broker.username with it"))
        }
        return (user, password)
    }

    /// The first line.
    private mutating func passwordFromFile() -> String? {
        let setting = setting(.brokerPasswordFile)
        do {
            let bytes = try BoundedFile.read(setting.text, limit: PasswordFile.mostBytes)
            guard let password = PasswordFile.password(in: bytes) else {
                problems.append(setting.problem("expected a file whose first line is the password, in UTF-8"))
                return nil
            }
            return password
        } catch {
            problems.append(setting.problem("expected a file that can be read: \(error)"))
            return nil
        }
    }

    private mutating func tls(isUsed: Bool) -> BrokerLinkConfiguration.TLS {
        let keys: [ConfigurationKey] = [
            .brokerCAFile, .brokerCertificateFile, .brokerKeyFile, .brokerKeyPassword, .brokerVerify,
            .brokerMinimumVersion,
        ]
        for key in keys where !setting(key).isDefault {
            if !isUsed {
                warnings.append(setting(key).problem("has no effect, because broker.url names no mqtts:// address"))
            } else if case .file = key.kind, let obstacle = BoundedFile.obstacle(to: text(key)) {
                problems.append(setting(key).problem("expected a file that can be read: \(obstacle)"))
            }
        }
        switch (optional(.brokerCertificateFile), optional(.brokerKeyFile)) {
        case (.some, nil):
            problems.append(setting(.brokerCertificateFile).problem("expected broker.tls.key_file with it"))
        case (nil, .some):
            problems.append(setting(.brokerKeyFile).problem("expected broker.tls.cert_file with it"))
        default: break
        }
        return BrokerLinkConfiguration.TLS(
            caFile: optional(.brokerCAFile),
            certificateFile: optional(.brokerCertificateFile),
            keyFile: optional(.brokerKeyFile),
            keyPassword: optional(.brokerKeyPassword),
            verify: boolean(.brokerVerify),
            minimumVersion: .init(rawValue: choice(.brokerMinimumVersion)) ?? .v12
        )
    }
}
