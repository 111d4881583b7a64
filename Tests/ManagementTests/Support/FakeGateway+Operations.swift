import Authentication
import Counters
import Management
import NIOCore
import OutsideNames

extension FakeGateway: GatewayOperations {
    func liveness() -> Liveness { stalled.isEmpty ? .alive : .stalled(stalled) }
    func readiness() -> Readiness { readinessNow }

    func metrics() -> [MetricFamily] {
        let histogram = DurationHistogram()
        histogram.observe(.milliseconds(7))
        histogram.observe(.seconds(60))
        return [
            MetricFamily(.sessions, [MetricSample(["ocpp:ws:default", "1.6"], sessions.count)]),
            MetricFamily(.callSeconds, [MetricSample(["up"], histogram.snapshot)]),
            MetricFamily(.reports, [MetricSample(["a \"quoted\\\nreason"], 3)]),
        ]
    }

    func gatewaySummary() -> GatewaySummary {
        GatewaySummary(
            isRunning: isRunning, createdAt: startedAt, startedAt: isRunning ? startedAt : nil,
            stoppedAt: isRunning ? nil : startedAt, maximumConnections: 1_024_000, currentConnections: sessions.count)
    }

    func gatewaySettings() -> JSON {
        .object(
            settingsNow.filter { !$0.key.contains(".") }.map { JSON.Member($0.key, $0.summary.value) })
    }

    func changeGateway(_ change: JSON) async throws(OperationFailure) {
        let members = change.members ?? []
        for listener in change["listeners"]?.elements ?? [] { _ = try put(listener) }
        try await changeSettings(members.filter { $0.key != "listeners" })
    }

    func setGateway(enabled: Bool) {
        isRunning = enabled
        if !enabled { for session in sessions { disconnect(session.snapshot.entry.key) } }
    }

    func listeners() -> [ListenerSummary] { listenersNow }

    func addListener(_ settings: JSON) throws(OperationFailure) -> ListenerSummary {
        let id = ListenerID(type: settings["type"]?.string ?? "", name: settings["name"]?.string ?? "")
        guard !listenersNow.contains(where: { $0.id == id }) else { throw .refused("there is a listener \(id)") }
        let bind = settings["bind"]
        guard !listenersNow.contains(where: { $0.settings["bind"] == bind }) else {
            throw .refused("address already in use")
        }
        return try put(settings)
    }

    private func put(_ settings: JSON) throws(OperationFailure) -> ListenerSummary {
        let id = ListenerID(type: settings["type"]?.string ?? "", name: settings["name"]?.string ?? "")
        let kept = JSON.object((settings.members ?? []).filter { $0.key != "type" && $0.key != "name" })
        let summary = ListenerSummary(
            id: id, settings: kept, isRunning: true, maximumConnections: 1_024_000, currentConnections: 0)
        listenersNow.removeAll { $0.id == id }
        listenersNow.append(summary)
        return summary
    }

    func changeListener(_ id: ListenerID, to settings: JSON) throws(OperationFailure) -> ListenerSummary {
        let index = try index(of: id)
        var members = listenersNow[index].settings.members ?? []
        for member in settings.members ?? [] {
            if member.key == "bind", member.value.string?.contains("abc") ?? false {
                throw .refused("Bad config value \"abc\" for \"bind\": expected an address and port")
            }
            members.removeAll { $0.key == member.key }
            members.append(member)
        }
        listenersNow[index].settings = .object(members)
        return listenersNow[index]
    }

    func deleteListener(_ id: ListenerID) throws(OperationFailure) {
        listenersNow.remove(at: try index(of: id))
    }

    func control(_ id: ListenerID, _ command: ListenerCommand) throws(OperationFailure) {
        listenersNow[try index(of: id)].isRunning = command != .stop
    }

    private func index(of id: ListenerID) throws(OperationFailure) -> Int {
        guard let index = listenersNow.firstIndex(where: { $0.id == id }) else {
            throw .notFound("there is no listener \(id)")
        }
        return index
    }

    func authenticator() -> JSON? { authenticatorNow }

    func createAuthenticator(_ settings: JSON) throws(OperationFailure) -> JSON {
        guard let backend = settings["backend"]?.string, backend != "nonsense" else {
            throw .refused("Bad config value for \"backend\"")
        }
        let created = JSON.object((settings.members ?? []) + [JSON.Member("status", "connected")])
        authenticatorNow = created
        userStore = backend == "built_in_database" ? FakeUserStore() : nil
        return created
    }

    func replaceAuthenticator(_ settings: JSON) throws(OperationFailure) -> JSON {
        let old = authenticatorNow
        // A secret that comes back as the mark is the one that there was.
        let members = (settings.members ?? []).map { member in
            member.value == .string(HiddenSecrets.mark)
                ? JSON.Member(member.key, old?[member.key] ?? .null) : member
        }
        return try createAuthenticator(.object(members))
    }

    func deleteAuthenticator() {
        authenticatorNow = nil
        userStore = nil
    }

    func testCredentials(_ credentials: TriedCredentials) async throws(OperationFailure) -> CredentialTestResult {
        guard let userStore else { throw .notFound("there is no authenticator") }
        let verdict = await userStore.verdict(on: credentials)
        return CredentialTestResult(status: verdict.status, reason: verdict.reason, milliseconds: 2)
    }

    func emptyAuthenticationCache() { cachedVerdicts = 0 }

    var users: (any UserStore)? { userStore }

    func settings() -> [SettingSummary] { settingsNow.map(\.summary) }

    func changeSettings(_ change: [JSON.Member]) async throws(OperationFailure) {
        await beforeSettingsChange()
        let change = flattened(change)
        for member in change {
            guard let setting = settingsNow.first(where: { $0.key == member.key }) else {
                throw .refused("unknown key \"\(member.key)\"")
            }
            if let variable = setting.variable { throw .fixedByEnvironment(key: member.key, variable: variable) }
            guard !member.key.hasPrefix("broker.") else { throw .refused("applies after a restart") }
            guard member.value.string != "nonsense" else {
                throw .refused("Bad config value \"nonsense\" for \"\(member.key)\"")
            }
        }
        for member in change {
            guard let index = settingsNow.firstIndex(where: { $0.key == member.key }) else { continue }
            settingsNow[index].change = member.value.isNull ? nil : member.value
        }
    }

    /// Each value by its whole key; null for a section is null for each of its keys.
    private func flattened(_ members: [JSON.Member], below prefix: String = "") -> [JSON.Member] {
        members.flatMap { member in
            let key = prefix + member.key
            if let inner = member.value.members { return flattened(inner, below: key + ".") }
            let below = member.value.isNull ? settingsNow.map(\.key).filter { $0.hasPrefix(key + ".") } : []
            return below.isEmpty ? [JSON.Member(key, member.value)] : below.map { JSON.Member($0, .null) }
        }
    }

    func takeBackSetting(_ key: String) throws(OperationFailure) {
        guard let index = settingsNow.firstIndex(where: { $0.key == key }) else {
            throw .notFound("there is no key \"\(key)\"")
        }
        if let variable = settingsNow[index].variable { throw .fixedByEnvironment(key: key, variable: variable) }
        settingsNow[index].change = nil
    }
}
