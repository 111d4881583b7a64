import BrokerLink
import OutsideNames
import Settings
import WebSocketFrontEnd

extension GatewayConfiguration {
    /// All settings, section by section, and what concerns several of these together.
    ///
    /// - Parameter hostName: of this machine; a part of the client id that has no setting.
    init(_ read: inout SettingsReader, hostName: String) {
        let broker = BrokerSection(&read, hostName: hostName)
        let relay = RelaySection(&read)
        let sessions = SessionsSection(&read)
        let names = ListenerListSection(&read).names
        let trustedProxies = read(
            "trusted_proxies", .addressRanges, default: [],
            help: "proxies whose address headers are believed (CIDR)")
        let common = Listener.Common(
            broker: broker, relay: relay, sessions: sessions, trustedProxies: trustedProxies)
        let listeners = names.map { name in
            read.inside(name.keyPrefix, documentedAs: ListenerName.documentedPrefix) { Listener(&$0, name, common) }
        }
        self.init(
            gatewayID: broker.link.clientID, broker: broker.link,
            statusTopic: "\(relay.hasSharedMountpoint ? relay.mountpoint : "")gateway/\(broker.link.clientID)/Status")
        self.listeners = listeners
        self.broker.responseTopics = relay.responseTopics
        self.broker.refusesUnrouted = sessions.refusesUnrouted
        brokerFiles = broker.files
        brokerOutage = broker.outage
        presenceRetain = relay.presenceRetain
        statsInterval = sessions.statsInterval
        drainTime = sessions.drainTime
        memoryLimit = sessions.memoryLimit
        authentication = AuthenticationSettings(
            &read, hasOwnConnections: broker.hasOwnConnections, idleTimeout: sessions.idleTimeout)
        self.trustedProxies = trustedProxies.compactMap { IPAddressRange($0) }
        management = ManagementSettings(&read)
        dataDirectory = DataDirectory.read(&read)
        logs = LogConfiguration(&read)
        tracing = TracingSettings(&read)
        self.broker.readsTraceParents = tracing.endpoint != nil
        formatChecking = relay.formatChecking
        formatChecking.compile(for: Set(listeners.flatMap(\.configuration.supportedSubprotocols)), &read)
        checkBinds(names, &read)
        relay.checkLoops(listeners.map(\.mountpoint), &read)
        checkNames(names, &read)
    }

    private func checkBinds(_ names: [ListenerName], _ read: inout SettingsReader) {
        var taken: [String: String] = [:]
        for (listener, name) in zip(listeners, names) where listener.configuration.port != 0 {
            let address = HostAndPort(host: listener.configuration.host, port: listener.configuration.port)
            if let other = taken.updateValue("\(name)", forKey: "\(address)") {
                read.problem("\(name.keyPrefix)bind", "expected an address that \(other) has not already")
            }
        }
        if let bind = management.bind, bind.port != 0, let other = taken["\(bind)"] {
            read.problem("management.bind", "expected an address that \(other) has not already")
        }
    }

    // MARK: Names that nothing reads

    private func checkNames(_ names: [ListenerName], _ read: inout SettingsReader) {
        read.refuse(
            "broker.sessions_user",
            because: "replaced by authentication.username_is_identity, which is true by default")
        if read["listeners"]?.source == .change {
            // A listener of the file that a change has taken away.
            for held in read.layers.flatMap(\.names) where held.name.hasPrefix("listeners.") {
                if case .file = held.source { read.overlook(held.name) }
            }
        }
        if read["authentication.backend"]?.source == .change {
            // What the file says for another backend.
            for held in read.layers.flatMap(\.names) where held.name.hasPrefix("authentication.") {
                if case .file = held.source, read[held.name] == nil { read.overlook(held.name) }
            }
        }
        let listenerKeys = Set(
            read.readings.filter { $0.documentedKey.hasPrefix(ListenerName.documentedPrefix) }.map(\.name))
        let authenticationKeys = read.readings.map(\.key).filter { $0.hasPrefix("authentication.") }
        read.checkNames(strict: ["authentication."], others: ["CONFIG_FILE"]) { [authentication] name in
            Self.otherListener(name, names, listenerKeys).map { "there is no listener \($0) in listeners" }
                ?? authentication.words(onUnknown: name, known: authenticationKeys)
        }
    }

    /// The listener that is meant by a key or variable of one that is not in `listeners`.
    private static func otherListener(_ name: String, _ listeners: [ListenerName], _ keys: Set<String>) -> String? {
        let isVariable = name.hasPrefix("LISTENERS_")
        for transport in ListenerName.Transport.allCases {
            let start = "listeners.\(transport.rawValue)."
            let prefix = isVariable ? SettingName.variable(of: start) : start
            guard name.hasPrefix(prefix) else { continue }
            for key in keys {
                let end = isVariable ? SettingName.variable(of: "." + key) : "." + key
                guard name.hasSuffix(end), name.utf8.count > prefix.utf8.count + end.utf8.count else { continue }
                let middle = String(name.dropFirst(prefix.count).dropLast(end.count))
                let isListed = listeners.contains { listener in
                    listener.transport == transport
                        && (isVariable ? SettingName.variable(of: listener.name) : listener.name) == middle
                }
                if ListenerName.isValid(middle), !isListed { return "\(transport.rawValue):\(middle)" }
            }
        }
        return nil
    }
}
