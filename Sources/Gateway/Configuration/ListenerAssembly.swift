import ChargePointSessions
import NIOCore
import WebSocketFrontEnd

extension ConfigurationAssembly {
    mutating func listener(_ name: ListenerName) -> GatewayConfiguration.Listener {
        let bind = HostAndPort.bindAddress(text(.bind, name).trimmed)
        let configuration = ListenerConfiguration(
            name: name.name,
            host: bind?.host ?? "",
            port: bind?.port ?? 0,
            acceptors: optional(.acceptors, name) == nil ? nil : integer(.acceptors, name),
            maxConnections: integer(.maxConnections, name),
            maxConnectionRate: integer(.maxConnectionRate, name),
            path: path(name),
            supportedSubprotocols: ConfigurationText.list(text(.subprotocols, name)),
            failIfNoSubprotocol: boolean(.failIfNoSubprotocol, name),
            maxFrameSize: size(.maxFrameSize, name),
            handshakeTimeout: TimeAmount(duration(.idleTimeout)),
            noDelay: boolean(.noDelay, name),
            reuseAddress: boolean(.reuseAddress, name),
            backlog: integer(.backlog, name),
            receiveBuffer: size(.receiveBuffer, name),
            readsPerRound: integer(.readsPerRound, name),
            sendTimeout: TimeAmount(duration(.sendTimeout, name)),
            closesOnSendTimeout: boolean(.sendTimeoutClose, name)
        )
        return GatewayConfiguration.Listener(
            configuration: configuration, topics: topics(name), sessions: sessions(for: name))
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
        let pairs = ConfigurationText.pairs(text(.upstreamOverrides)) ?? []
        let mountpoint = mountpoint(name)
        let downstream = setting(.downstreamTopic)
        let full = try? TopicTemplate(mountpoint + downstream.text, allowing: TopicTemplate.identity)
        if full?.namesChargePoint == false {
            add(downstream.problem("expected ${cid} or ${clientid} in it: every charge point has its own topic"))
        }
        let claim = setting(.claimTopic)
        if let full = try? TopicTemplate(mountpoint + claim.text, allowing: TopicTemplate.identity),
            !claim.text.isEmpty, !full.namesChargePoint
        {
            add(claim.problem("expected ${cid} or ${clientid} in it: every charge point has its own topic"))
        }
        return RelayTopicTemplates(
            mountpoint: mountpoint,
            call: text(.upstreamTopic),
            callOverrides: Dictionary(pairs.map { ($0.action, $0.topic) }) { first, _ in first },
            reply: text(.upstreamReplyTopic),
            error: text(.upstreamErrorTopic),
            invalid: optional(.upstreamInvalidTopic),
            downstream: downstream.text,
            presence: optional(.presenceTopic)
        )
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
        var upstream: [(setting: ConfigurationSettings.Setting, topic: String)] = [
            .upstreamTopic, .upstreamReplyTopic, .upstreamErrorTopic, .upstreamInvalidTopic, .presenceTopic,
        ].map { (setting($0), text($0)) }
        upstream += (ConfigurationText.pairs(text(.upstreamOverrides)) ?? [])
            .map { (setting(.upstreamOverrides), $0.topic) }
        let mountpoints = Set(names.map { mountpoint($0) }).sorted()
        for downstreamMountpoint in mountpoints {
            let commands = downstreamMountpoint + text(.downstreamTopic)
            guard let commands = try? TopicTemplate(commands, allowing: TopicTemplate.identity) else { continue }
            for mountpoint in mountpoints {
                for (setting, topic) in upstream where !topic.isEmpty {
                    guard let topic = try? TopicTemplate(mountpoint + topic, allowing: TopicTemplate.call) else {
                        continue
                    }
                    checkLoop(setting, topic, commands)
                }
            }
        }
    }

    private mutating func checkLoop(
        _ setting: ConfigurationSettings.Setting, _ topic: TopicTemplate, _ commands: TopicTemplate
    ) {
        let reachesOwn = topic.canReach(commands, identity: "CP1", otherIdentity: "CP1")
        let reachesOther = topic.canReach(commands, identity: "CP1", otherIdentity: "CP2")
        if reachesOther {
            add(setting.problem("expected a topic that can never be another charge point's dnstream.topic"))
        } else if reachesOwn, !topic.dependsOnMessage {
            add(setting.problem("expected a topic that is not dnstream.topic: messages would go round in a loop"))
        } else if reachesOwn {
            let expectation = "a charge point can choose an action or UniqueId that makes this its dnstream.topic"
            let warning = setting.problem(expectation)
            if !warnings.contains(warning) { warnings.append(warning) }
        }
    }

    /// Once, however many listeners it concerns.
    private mutating func add(_ problem: ConfigurationProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }
}

extension TopicTemplate {
    /// The charge point chooses a part of it.
    fileprivate var dependsOnMessage: Bool {
        parts.contains(.placeholder(.action)) || parts.contains(.placeholder(.id))
    }
}
