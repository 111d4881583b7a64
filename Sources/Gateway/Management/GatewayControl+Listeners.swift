import Management
import NIOCore
import OutsideNames
import Settings
import WebSocketFrontEnd

extension GatewayControl: ListenerOperations {
    func listeners() async -> [Management.ListenerSummary] {
        let readings = loaded.withLock { $0.readings }
        return await service.listeners.summaries.map { Self.summary($0, readings) }
    }

    private static func summary(
        _ listener: WebSocketFrontEnd.ListenerSummary, _ readings: [SettingReading]
    ) -> Management.ListenerSummary {
        let id = Management.ListenerID(type: listener.id.scheme.rawValue, name: listener.id.name)
        return Management.ListenerSummary(
            id: id, settings: settings(of: id, readings), isRunning: listener.isRunning,
            maximumConnections: listener.maxConnections, currentConnections: listener.connections)
    }

    /// Its keys, nested.
    static func settings(of id: Management.ListenerID, _ readings: [SettingReading]) -> JSON {
        let prefix = id.keyPrefix
        return .nested(
            readings.filter { $0.key.hasPrefix(prefix) && $0.isForShow }.map {
                (String($0.key.dropFirst(prefix.count)), $0.nestedJSON)
            })
    }

    func addListener(_ settings: JSON) async throws(OperationFailure) -> Management.ListenerSummary {
        let proposal = try Self.listenerProposal(settings)
        let id = Management.ListenerID(type: settings["type"]?.string ?? "", name: settings["name"]?.string ?? "")
        try await change(of: "listener \(id)") { loaded throws(OperationFailure) in
            guard loaded.configuration.listener(named: id) == nil else {
                throw .refused("there is a listener \(id) already")
            }
            return [proposal]
        }
        return try await listener(id)
    }

    func changeListener(
        _ id: Management.ListenerID, to settings: JSON
    ) async throws(OperationFailure) -> Management.ListenerSummary {
        let proposal = try Self.listenerProposal(id.type, id.name, settings)
        try await change(of: "listener \(id)") { loaded throws(OperationFailure) in
            try loaded.configuration.require(id)
            return [proposal]
        }
        return try await listener(id)
    }

    func deleteListener(_ id: Management.ListenerID) async throws(OperationFailure) {
        try await change(of: "listener \(id)") { loaded throws(OperationFailure) in
            try loaded.configuration.require(id)
            return [SettingsMember("listeners.\(id.type).\(id.name)", .null)]
        }
    }

    func control(_ id: Management.ListenerID, _ command: ListenerCommand) async throws(OperationFailure) {
        let stopped = try await changes.run("listener \(id)") { () async throws(OperationFailure) in
            try await self.carryOut(command, id)
        }
        await endSessions(by: stopped)
    }

    /// - Returns: What ends the sessions of a listener that has been stopped.
    private func carryOut(
        _ command: ListenerCommand, _ id: Management.ListenerID
    ) async throws(OperationFailure) -> [Drain] {
        let listener = try service.configuration.require(id).configuration
        guard let admission = service.admission(of: listener.id) else { throw .notFound("there is no listener \(id)") }
        guard !service.draining.isRaised else { throw .unavailable("the gateway is stopping") }
        if command != .stop, !run.withLock({ $0.isEnabled }) {
            throw .refused("the gateway is stopped: /gateways/ocpp/enable/true starts it")
        }
        do {
            switch command {
            case .start:
                service.listening(listener, at: try await service.listeners.start(listener.id))
            case .stop:
                try await service.listeners.stop(listener.id)
                logger.info("listener stopped", metadata: ["listener": "\(listener.id.shortName)"])
                return [admission.drain(over: service.configuration.drainTime)]
            case .restart:
                if try await service.listeners.replace(listener, admission: admission) == nil {
                    try await service.listeners.start(listener.id)
                }
                logger.info("listener restarted", metadata: ["listener": "\(listener.id.shortName)"])
            }
            return []
        } catch {
            throw OperationFailure(refusing: error)
        }
    }

    private func listener(_ id: Management.ListenerID) async throws(OperationFailure) -> Management.ListenerSummary {
        guard let listener = await listeners().first(where: { $0.id == id }) else {
            throw .notFound("there is no listener \(id)")
        }
        return listener
    }

    // MARK: What is sent

    /// With `type` and `name` in it.
    static func listenerProposal(_ settings: JSON) throws(OperationFailure) -> SettingsMember {
        guard let type = settings["type"]?.string, let name = settings["name"]?.string else {
            throw .refused("a listener has a \"type\" and a \"name\"")
        }
        return try listenerProposal(type, name, settings)
    }

    static func listenerProposal(
        _ type: String, _ name: String, _ settings: JSON
    ) throws(OperationFailure) -> SettingsMember {
        guard ListenerName.Transport(rawValue: type) != nil, ListenerName.isValid(name) else {
            throw .refused(
                "Bad listener \"\(type.shownInOneLine):\(name.shownInOneLine)\": expected type ws or wss, and a name of 1 to 64 letters, digits, _ and -"
            )
        }
        let key = "listeners.\(type).\(name)"
        switch settings {
        case .null: return SettingsMember(key, .null)
        case .object(let members):
            let answered = ["type", "name", "id", "running", "status", "node_status"]
            let keys = [SettingsMember](members.filter { !answered.contains($0.key) })
            // A listener of which nothing is said has its defaults, and is there all the same.
            return SettingsMember(key, .map(keys.isEmpty ? [SettingsMember("enable_authn", .plain("true"))] : keys))
        default: throw .refused("Bad value for \"\(key)\": expected an object")
        }
    }
}

extension Management.ListenerID {
    var keyPrefix: String { "listeners.\(type).\(name)." }
}

extension GatewayConfiguration {
    func listener(named id: Management.ListenerID) -> Listener? {
        listeners.first {
            $0.configuration.id.scheme.rawValue.hasSameBytes(as: id.type)
                && $0.configuration.id.name.hasSameBytes(as: id.name)
        }
    }

    @discardableResult
    func require(_ id: Management.ListenerID) throws(OperationFailure) -> Listener {
        guard let listener = listener(named: id) else { throw .notFound("there is no listener \(id)") }
        return listener
    }
}
