import ChargePointSessions
import NIOCore
import WebSocketFrontEnd

/// Another configuration while the gateway runs (management.md, "Configuration at run time").
extension GatewayService {
    /// Goes by another configuration from now on; when that cannot be, by nothing of it. Called one at a time.
    ///
    /// - Parameters:
    ///   - renewsAuthenticator: Something that concerns it is another.
    ///   - startsListeners: False: new ones stay stopped, as all are.
    /// - Returns: What ends the sessions of listeners that are no more.
    /// - Throws: Why it cannot be: a listener's or the authenticator's reason.
    func apply(
        _ new: GatewayConfiguration, renewsAuthenticator: Bool, startsListeners: Bool
    ) async throws -> [Drain] {
        let old = configuration
        let oldAuthenticator = authenticator
        let newAuthenticator =
            renewsAuthenticator
            ? try await GatewayAuthenticator.make(new.authentication, directory: new.dataDirectory, logger: logger)
            : oldAuthenticator
        do {
            try await openListeners(old, new, newAuthenticator, starts: startsListeners)
        } catch {
            if renewsAuthenticator { await newAuthenticator?.stop() }
            throw error
        }
        // From here on nothing can fail.
        set(new)
        set(newAuthenticator)
        memory.use(limit: new.memoryBound)
        longestDelivery.use(new.longestDelivery)
        tracer?.sampler.use(ratio: new.tracing.sampleRatio)
        if new.statsInterval != old.statsInterval { statistics.use(new.statsInterval) }
        for listener in new.listeners { await applyRules(to: listener, old, new, newAuthenticator) }
        let gone = await closeListeners(old, new)
        let topics = new.listeners.flatMap { admission(of: $0.configuration.id)?.topicsInUse ?? [] }
        events.use(topics)
        takeover?.use(topics)
        if renewsAuthenticator { await oldAuthenticator?.stop() }
        return gone
    }

    /// Opens what is new, and anew what is another one.
    private func openListeners(
        _ old: GatewayConfiguration, _ new: GatewayConfiguration, _ authenticator: GatewayAuthenticator?, starts: Bool
    ) async throws {
        var undo: [() async -> Void] = []
        do {
            for listener in new.listeners {
                let id = listener.configuration.id
                if let before = old.listener(id), let admission = admission(of: id) {
                    guard before.configuration != listener.configuration else { continue }
                    let address = try await listeners.replace(listener.configuration, admission: admission)
                    undo.append {
                        _ = try? await self.listeners.replace(before.configuration, admission: admission)
                    }
                    if let address { listening(listener.configuration, at: address) }
                } else {
                    let admission = admission(of: listener, new, authenticator)
                    try await add(listener.configuration, admission, starts: starts)
                    undo.append {
                        try? await self.listeners.remove(id)
                        self.set(nil, of: id)
                        await admission.endConnections(over: .zero)
                    }
                    set(admission, of: id)
                }
            }
        } catch {
            for step in undo.reversed() { await step() }
            throw error
        }
    }

    private func add(
        _ listener: ListenerConfiguration, _ admission: ChargePointAdmission, starts: Bool
    ) async throws {
        guard starts else { return try await listeners.addStopped(listener, admission: admission) }
        listening(listener, at: try await listeners.add(listener, admission: admission))
    }

    private func closeListeners(_ old: GatewayConfiguration, _ new: GatewayConfiguration) async -> [Drain] {
        var gone: [Drain] = []
        for id in old.listeners.map(\.configuration.id) where new.listener(id) == nil {
            try? await listeners.remove(id)
            if let admission = admission(of: id) { gone.append(admission.drain(over: new.drainTime)) }
            set(nil, of: id)
            logger.info("listener removed", metadata: ["listener": "\(id.shortName)"])
        }
        return gone
    }

    private func applyRules(
        to listener: GatewayConfiguration.Listener, _ old: GatewayConfiguration, _ new: GatewayConfiguration,
        _ authenticator: GatewayAuthenticator?
    ) async {
        guard let before = old.listener(listener.configuration.id),
            let admission = admission(of: listener.configuration.id)
        else { return }
        if before.topics != listener.topics || old.presenceRetain != new.presenceRetain {
            admission.use(listener.topics, context(of: listener, new))
        }
        admission.use(entry(of: listener, new, authenticator))
        if before.sessions != listener.sessions || old.formatChecking != new.formatChecking {
            await admission.apply(
                SessionRuleSet(settings: listener.sessions, formatChecking: new.formatChecking.checking))
        }
    }
}

extension GatewayConfiguration {
    func listener(_ id: ListenerID) -> Listener? { listeners.first { $0.configuration.id == id } }
}
