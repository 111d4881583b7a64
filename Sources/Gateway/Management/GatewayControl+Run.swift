import Management
import Settings
import WebSocketFrontEnd

extension GatewayControl: GatewayRunOperations {
    func gatewaySummary() async -> GatewaySummary {
        let run = run.withLock { $0 }
        let listeners = await service.listeners.summaries
        return GatewaySummary(
            isRunning: run.isEnabled && !service.draining.isRaised, createdAt: run.createdAt, startedAt: run.startedAt,
            stoppedAt: run.stoppedAt, maximumConnections: listeners.reduce(0) { $0 + $1.maxConnections },
            currentConnections: listeners.reduce(0) { $0 + $1.connections })
    }

    func gatewaySettings() async -> JSON {
        Self.gatewaySettings(loaded.withLock { $0.readings })
    }

    /// What EMQX has in its `gateway.ocpp`.
    static func gatewaySettings(_ readings: [SettingReading]) -> JSON {
        .nested(readings.filter { isGatewayKey($0.key) }.map { ($0.key, $0.nestedJSON) })
    }

    private static func isGatewayKey(_ key: String) -> Bool {
        [
            "mountpoint", "default_heartbeat_interval", "heartbeat_checking_times_backoff", "upstream.topic",
            "upstream.topic_override_mapping", "upstream.reply_topic", "upstream.error_topic", "dnstream.topic",
            "dnstream.max_mqueue_len", "message_format_checking", "json_schema_dir", "json_schema_id_prefix",
            "idle_timeout", "enable_stats",
        ].contains(key)
    }

    func changeGateway(_ change: JSON) async throws(OperationFailure) {
        let members = change.members ?? []
        let enable = members.value(of: "enable")
        if let enable, enable.bool == nil { throw .refused("Bad value for \"enable\": expected true or false") }
        let proposal = try Self.gatewayProposal(members.filter { $0.key != "enable" })
        try await self.change(of: proposal.shownNames) { _ throws(OperationFailure) in proposal }
        if let enable = enable?.bool { try await setGateway(enabled: enable) }
    }

    /// `listeners` may be a list, as the answers have it, each with `type` and `name`.
    static func gatewayProposal(_ members: [JSON.Member]) throws(OperationFailure) -> [SettingsMember] {
        var proposal: [SettingsMember] = []
        for member in members {
            guard member.key == "listeners" else {
                proposal.append(SettingsMember(member.key, SettingsValue(member.value)))
                continue
            }
            switch member.value {
            case .array(let listeners):
                for listener in listeners { proposal.append(try Self.listenerProposal(listener)) }
            case .object(let types):
                for type in types {
                    for listener in type.value.members ?? [] {
                        proposal.append(
                            try Self.listenerProposal(type.key, listener.key, listener.value))
                    }
                }
            default:
                throw .refused(
                    "Bad value for \"listeners\": expected {\"ws\":{\"default\":{...}}}, or a list of objects with type and name"
                )
            }
        }
        return proposal
    }

    func setGateway(enabled: Bool) async throws(OperationFailure) {
        if enabled {
            try await changes.run("enable") { () async throws(OperationFailure) in try await self.startAll() }
        } else {
            let stopped = try await changes.run("enable") { () async throws(OperationFailure) in await self.stopAll() }
            await endSessions(by: stopped)
        }
    }

    private func startAll() async throws(OperationFailure) {
        guard !service.draining.isRaised else { throw .unavailable("the gateway is stopping") }
        guard !run.withLock({ $0.isEnabled }) else { return }
        var started: [WebSocketFrontEnd.ListenerID] = []
        for listener in service.configuration.listeners.map(\.configuration) {
            do {
                service.listening(listener, at: try await service.listeners.start(listener.id))
                started.append(listener.id)
            } catch {
                for id in started { try? await service.listeners.stop(id) }
                throw OperationFailure(refusing: error)
            }
        }
        run.withLock { $0.start(at: .now) }
    }

    private func stopAll() async -> [Drain] {
        guard run.withLock({ $0.isEnabled }) else { return [] }
        run.withLock { $0.stop(at: .now) }
        let ids = service.configuration.listeners.map(\.configuration.id)
        for id in ids { try? await service.listeners.stop(id) }
        logger.notice("the gateway has been stopped by an operator: listeners are closed")
        return ids.compactMap { service.drain(of: $0) }
    }
}
