import ChargePointSessions
import NIOCore
import OutsideNames
import WebSocketFrontEnd

extension ConfigurationAssembly {
    mutating func listener(_ name: ListenerName) -> GatewayConfiguration.Listener {
        let bind = HostAndPort.bindAddress(text(.bind, name).trimmed)
        let configuration = ListenerConfiguration(
            name: name.configurationName,
            host: bind?.host ?? "",
            port: bind?.port ?? 0,
            acceptors: optional(.acceptors, name) == nil ? nil : integer(.acceptors, name),
            maxConnections: integer(.maxConnections, name),
            maxConnectionRate: integer(.maxConnectionRate, name),
            path: path(name),
            supportedSubprotocols: ConfigurationText.list(text(.subprotocols, name)).map { $0.lowercased() },
            failIfNoSubprotocol: boolean(.failIfNoSubprotocol, name),
            maxFrameSize: size(.maxFrameSize, name),
            handshakeTimeout: TimeAmount(duration(.idleTimeout)),
            noDelay: boolean(.noDelay, name),
            reuseAddress: boolean(.reuseAddress, name),
            backlog: integer(.backlog, name),
            receiveBuffer: size(.receiveBuffer, name),
            framesPerRound: integer(.framesPerRound, name),
            sendTimeout: TimeAmount(duration(.sendTimeout, name)),
            closesOnSendTimeout: boolean(.sendTimeoutClose, name),
            tls: tls(name),
            identityFromCertificate: identityFromCertificate(name),
            expectsProxyHeader: boolean(.proxyProtocol, name),
            proxyProtocolTimeout: TimeAmount(duration(.proxyProtocolTimeout, name)),
            accessRules: accessRules(name),
            origins: origins(name),
            forwardedAddress: forwardedAddress(name),
            compression: compression(name)
        )
        warnOfAccess(name)
        return GatewayConfiguration.Listener(
            configuration: configuration, topics: topics(name), sessions: sessions(for: name),
            clientID: clientID(name), passesCredentials: boolean(.enableAuthn, name))
    }

    private func compression(_ name: ListenerName) -> CompressionPolicy {
        guard optional(.compress, name) != nil else { return .inOCPP2 }
        return boolean(.compress, name) ? .always : .never
    }

    /// A client id is the broker's, whatever the topics: where a listener has a mountpoint of its own, the same
    /// identity there is another charge point.
    private func clientID(_ name: ListenerName) -> TopicTemplate {
        let template = TopicTemplate(text(.brokerSessionsClientID))
        let mountpoint = mountpoint(name)
        guard !mountpoint.hasSameBytes(as: text(.mountpoint)) else { return template }
        // No identity has a slash in it: what is in front of the last one cannot be a part of another's.
        let prefix = mountpoint.utf8.last == UInt8(ascii: "/") ? mountpoint : mountpoint + "/"
        return template.filled(TopicTemplate(prefix + "${cid}"))
    }

    /// Without a slash at the end: `/ocpp/` is `/ocpp`, and `/` is nothing.
    private func path(_ name: ListenerName) -> String {
        let path = text(.webSocketPath, name)
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The listener's own, even when that is empty, or else the global one.
    private func mountpoint(_ name: ListenerName) -> String {
        let own = setting(.listenerMountpoint, name)
        return own.isSet ? own.text : text(.mountpoint)
    }

    private mutating func topics(_ name: ListenerName) -> RelayTopicTemplates {
        let mountpoint = mountpoint(name)
        for (setting, topic, placeholders) in templates where !topic.isEmpty {
            check(setting, mountpoint + topic, placeholders)
        }
        let pairs = ConfigurationText.pairs(text(.upstreamOverrides)) ?? []
        return RelayTopicTemplates(
            mountpoint: mountpoint,
            call: text(.upstreamTopic),
            callOverrides: Dictionary(pairs.map { ($0.action, $0.topic) }) { first, _ in first },
            reply: text(.upstreamReplyTopic),
            error: text(.upstreamErrorTopic),
            invalid: optional(.upstreamInvalidTopic),
            downstream: text(.downstreamTopic),
            presence: optional(.presenceTopic),
            // With connections of their own the broker itself sees to it that there is one session each.
            claim: hasOwnConnections ? nil : optional(.claimTopic)
        )
    }

    private typealias Template = (
        setting: ConfigurationSettings.Setting, topic: String, placeholders: Set<TopicTemplate.Placeholder>
    )

    /// Every topic, without mountpoint; empty: off.
    private var templates: [Template] {
        let keys: [ConfigurationKey] = [
            .upstreamTopic, .upstreamReplyTopic, .upstreamErrorTopic, .upstreamInvalidTopic, .presenceTopic,
            .downstreamTopic, .claimTopic,
        ]
        let overrides = ConfigurationText.pairs(text(.upstreamOverrides)) ?? []
        return keys.map { key in
            guard case .topic(let placeholders) = key.kind else { return (setting(key), text(key), []) }
            return (setting(key), text(key), placeholders)
        } + overrides.map { (setting(.upstreamOverrides), $0.topic, ConfiguredTopic.call) }
    }

    /// Checks a topic with its mountpoint in front.
    private mutating func check(
        _ setting: ConfigurationSettings.Setting, _ topic: String, _ placeholders: Set<TopicTemplate.Placeholder>
    ) {
        do throws(ConfiguredTopic.Flaw) {
            let template = try ConfiguredTopic(topic, allowing: placeholders)
            let isPerChargePoint = [ConfigurationKey.downstreamTopic, .claimTopic].contains {
                $0.name == setting.key.name
            }
            if isPerChargePoint, !template.namesChargePoint {
                add(setting.problem("expected ${cid} or ${clientid} in it: every charge point has its own topic"))
            } else {
                warnOfSharedTopic(setting, template)
            }
            if template.beginsWithPlaceholder {
                warn(setting.problem("a charge point named $SYS or $share would reach topics of the broker"))
            }
        } catch {
            add(setting.problem("with the mountpoint: \(error.expectation)"))
        }
    }

    mutating func checkBinds(_ listeners: [GatewayConfiguration.Listener], _ names: [ListenerName]) {
        var taken: [String: ListenerName] = [:]
        for (listener, name) in zip(listeners, names) where listener.configuration.port != 0 {
            let address = "\(listener.configuration.host) \(listener.configuration.port)"
            if let other = taken.updateValue(name, forKey: address) {
                problems.append(setting(.bind, name).problem("expected an address that \(other) has not already"))
            }
        }
    }

    /// What the gateway publishes must never come back to it as a command, to any charge point.
    mutating func checkLoops(_ names: [ListenerName]) {
        let upstream = templates.filter { $0.setting.fullName != ConfigurationKey.downstreamTopic.name }
        let mountpoints = Set(names.map { Topic(mountpoint($0)) }).sorted().map(\.text)
        for downstreamMountpoint in mountpoints {
            let commands = downstreamMountpoint + text(.downstreamTopic)
            guard let commands = try? ConfiguredTopic(commands, allowing: ConfiguredTopic.identity) else { continue }
            for mountpoint in mountpoints {
                for (setting, topic, placeholders) in upstream where !topic.isEmpty {
                    guard let topic = try? ConfiguredTopic(mountpoint + topic, allowing: placeholders) else {
                        continue
                    }
                    checkLoop(setting, topic, commands)
                }
            }
        }
    }

    private mutating func checkLoop(
        _ setting: ConfigurationSettings.Setting, _ topic: ConfiguredTopic, _ commands: ConfiguredTopic
    ) {
        let reachesOwn = topic.canReach(commands, identity: "CP1", otherIdentity: "CP1")
        let reachesOther = topic.canReach(commands, identity: "CP1", otherIdentity: "CP2")
        if reachesOther {
            add(setting.problem("expected a topic that can never be another charge point's dnstream.topic"))
        } else if reachesOwn, !topic.dependsOnMessage {
            add(setting.problem("expected a topic that is not dnstream.topic: messages would go round in a loop"))
        } else if reachesOwn {
            warn(setting.problem("a charge point can choose an action or UniqueId that makes this its dnstream.topic"))
        }
    }

    /// Once, however many listeners it concerns.
    private mutating func add(_ problem: ConfigurationProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func warn(_ warning: ConfigurationProblem) {
        if !warnings.contains(warning) { warnings.append(warning) }
    }
}

extension ConfiguredTopic {
    /// The charge point chooses a part of it.
    fileprivate var dependsOnMessage: Bool {
        parts.contains(.placeholder(.action)) || parts.contains(.placeholder(.id))
    }
}
