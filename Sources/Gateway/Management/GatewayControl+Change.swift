import Management
import NIOCore
import Settings
import WebSocketFrontEnd

/// Check, write, apply: all of a change, or nothing of it (management.md, "Configuration at run time").
extension GatewayControl {
    /// - Parameter name: what is changed, for those who wait for it.
    /// - Returns: when it counts, and the sessions of listeners that are no more have ended.
    func change(
        of name: String,
        _ proposal: @escaping @Sendable (LoadedConfiguration) throws(OperationFailure) -> [SettingsMember]
    ) async throws(OperationFailure) {
        let gone = try await changes.run(name) { () async throws(OperationFailure) in
            let loaded = self.loaded.withLock { $0 }
            return try await self.makeTrue(loaded, try proposal(loaded))
        }
        await endSessions(by: gone)
    }

    /// Called in the queue of changes.
    ///
    /// - Returns: what ends the sessions of listeners that are no more.
    func makeTrue(
        _ loaded: LoadedConfiguration, _ proposal: [SettingsMember]
    ) async throws(OperationFailure) -> [Drain] {
        guard !service.draining.isRaised else { throw .unavailable("the gateway is stopping") }
        let change: ConfigurationChange
        do throws(ConfigurationChange.Refusal) {
            change = try loaded.changed(by: proposal)
        } catch {
            throw OperationFailure(error)
        }
        let isKept = keep(change.loaded)
        let gone: [Drain]
        do {
            gone = try await service.apply(
                change.loaded.configuration, renewsAuthenticator: change.concernsAuthenticator(loaded.configuration),
                startsListeners: run.withLock { $0.isEnabled })
        } catch {
            if isKept { keep(loaded) }
            throw OperationFailure(refusing: error)
        }
        logs.use(change.loaded.configuration.logs.level)
        self.loaded.withLock { $0 = change.loaded.showing(acceptors: service.sight.pulse.loopCount) }
        for warning in change.loaded.warnings where !loaded.warnings.contains(warning) {
            logger.warning("configuration: \(warning)", metadata: warning.key.map { ["key": .string($0)] } ?? [:])
        }
        return gone
    }

    /// - Returns: whether a start would find it.
    @discardableResult
    private func keep(_ loaded: LoadedConfiguration) -> Bool {
        do throws(SettingFlaw) {
            try loaded.keepChanges()
            return true
        } catch {
            logger.warning(
                "changes of the configuration last until the next start only: they cannot be written",
                metadata: ["reason": "\(error.expectation)"])
            return false
        }
    }

    /// Outside the queue of changes, which others need meanwhile; goes on when whoever waits for it goes away.
    func endSessions(by drains: [Drain]) async {
        guard !drains.isEmpty else { return }
        await Task {
            await withTaskGroup { group in
                for drain in drains { group.addTask { await drain.run() } }
            }
        }.value
    }
}

extension ConfigurationChange {
    /// Another authenticator is needed.
    fileprivate func concernsAuthenticator(_ before: GatewayConfiguration) -> Bool {
        concerns("authentication.") || loaded.configuration.authentication != before.authentication
    }
}

extension OperationFailure {
    init(_ refusal: ConfigurationChange.Refusal) {
        self =
            switch refusal {
            case .fixed(let key, let variable): .fixedByEnvironment(key: key, variable: variable)
            case .afterRestart(let keys):
                .refused("\(keys.joined(separator: ", ")): takes effect after a restart, and cannot be changed here")
            case .unknown(let key): .notFound("there is no key \"\(key.shownInOneLine)\"")
            case .invalid(let problems): .refused(problems.map(Self.words).joined(separator: "; "))
            }
    }

    /// Why what was asked for cannot be done, where nothing has been changed.
    init(refusing error: any Error) {
        self =
            switch error {
            case ListenerSet.Refusal.unknown(let id): .notFound(ListenerSet.Refusal.unknown(id).description)
            case let error as ListenerError: .refused(error.description)
            default:
                .refused(GatewayAuthenticator.problems(from: error).map(Self.words).joined(separator: "; "))
            }
    }

    /// `Bad config value "abc" for "bind": expected an address and port`, as EMQX has it.
    private static func words(_ problem: SettingProblem) -> String {
        let expectation = HiddenSecrets.withoutUserInfo(problem.expectation)
        guard let key = problem.key else { return expectation }
        let value = problem.value.map { " value \"\(HiddenSecrets.withoutUserInfo($0).shownInOneLine)\"" } ?? ""
        return "Bad config\(value) for \"\(key.shownInOneLine)\": \(expectation)"
    }
}
