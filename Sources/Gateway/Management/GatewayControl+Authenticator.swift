import Authentication
import CredentialChecking
import Management
import OutsideNames
import Settings

extension GatewayControl: AuthenticatorOperations {
    func authenticator() async -> JSON? {
        let loaded = loaded.withLock { $0 }
        guard var settings = Self.authenticatorSettings(loaded) else { return nil }
        let isUp = service.authenticator?.gate.status.isUp ?? false
        settings.append(JSON.Member("status", isUp ? "connected" : "disconnected"))
        return .object(settings)
    }

    /// Without the keys that its backend makes nothing of; nil: there is none.
    static func authenticatorSettings(_ loaded: LoadedConfiguration) -> [JSON.Member]? {
        let settings = loaded.configuration.authentication
        guard settings.backend.isAsked else { return nil }
        let readings = loaded.readings.filter { $0.key.hasPrefix(prefix) }
        let unused =
            settings.backend.withoutEffect(readings.map(\.key))
            + settings.passwordHash.unusedKeys
        let values = readings.filter { !unused.contains($0.key) && $0.key != prefix + "mechanism" }.map {
            (String($0.key.dropFirst(prefix.count)), $0.nestedJSON)
        }
        let mechanism: JSON = settings.backend == .jwt ? "jwt" : "password_based"
        return [JSON.Member("mechanism", mechanism)] + (JSON.nested(values).members ?? [])
    }

    func createAuthenticator(_ settings: JSON) async throws(OperationFailure) -> JSON {
        try await put(settings) { isThere throws(OperationFailure) in
            if isThere { throw .refused("there is an authenticator already") }
        }
    }

    func replaceAuthenticator(_ settings: JSON) async throws(OperationFailure) -> JSON {
        try await put(settings) { isThere throws(OperationFailure) in
            if !isThere { throw Self.noAuthenticator }
        }
    }

    private func put(
        _ settings: JSON, _ check: @escaping @Sendable (_ isThere: Bool) throws(OperationFailure) -> Void
    ) async throws(OperationFailure) -> JSON {
        guard let members = settings.members, case .string(let backend)? = settings["backend"],
            AuthenticationSettings.Backend(rawValue: backend)?.isAsked ?? false
        else {
            throw .refused(
                "Bad value for \"backend\": expected one of "
                    + AuthenticationSettings.Backend.allCases.filter(\.isAsked).map(\.rawValue).joined(separator: ", "))
        }
        try await change(of: "authentication") { loaded throws(OperationFailure) in
            try check(loaded.configuration.authentication.backend.isAsked)
            return Self.replacement([SettingsMember](members.filter { $0.key != "status" }), loaded)
        }
        guard let now = await authenticator() else { throw .failed("there is no authenticator") }
        return now
    }

    /// These keys, and none of the earlier changes.
    private static func replacement(
        _ members: [SettingsMember], _ loaded: LoadedConfiguration
    ) -> [SettingsMember] {
        let given = members.flattened(under: prefix).map(\.name)
        let left = changedKeys(loaded).filter { key in
            !given.contains { $0.hasSameBytes(as: key) || $0.hasPrefix(key + ".") || key.hasPrefix($0 + ".") }
        }
        return left.map { SettingsMember($0, .null) } + [SettingsMember("authentication", .map(members))]
    }

    func deleteAuthenticator() async throws(OperationFailure) {
        try await change(of: "authentication") { loaded throws(OperationFailure) in
            guard loaded.configuration.authentication.backend.isAsked else { throw Self.noAuthenticator }
            var proposal = Self.changedKeys(loaded).map { SettingsMember($0, .null) }
            // What the environment or the file says would count again, and a mechanism alone is none.
            let isSaidElsewhere = loaded.readings.contains { reading in
                [prefix + "backend", prefix + "mechanism"].contains(reading.key)
                    && (![.change, .defaults].contains(reading.source) || !reading.beneath.isEmpty)
            }
            if isSaidElsewhere {
                proposal.append(
                    SettingsMember(prefix + "backend", .text(AuthenticationSettings.Backend.none.rawValue)))
            }
            return proposal
        }
    }

    private static func changedKeys(_ loaded: LoadedConfiguration) -> [String] {
        loaded.layers.changes.members.map(\.name).filter { $0.hasPrefix(prefix) }
    }

    private static var noAuthenticator: OperationFailure { .notFound("there is no authenticator") }

    // MARK: Asking it

    func testCredentials(_ credentials: TriedCredentials) async throws(OperationFailure) -> CredentialTestResult {
        let configuration = loaded.withLock { $0.configuration }
        guard configuration.authentication.backend.isAsked else { throw Self.noAuthenticator }
        guard let authenticator = service.authenticator else {
            return CredentialTestResult(status: 101, reason: "authentication.enable is false", milliseconds: 0)
        }
        let listener = configuration.listeners.first?.configuration
        let start = ContinuousClock.now
        // How the charge point will come in is not known here: its security profile is not looked at.
        let verdict = await authenticator.authenticate(
            Credentials(
                identity: credentials.identity, userName: credentials.userName, password: credentials.password?.bytes,
                peerHost: "127.0.0.1", listener: listener?.id.description ?? "",
                subprotocol: listener?.supportedSubprotocols.first, isEncrypted: true))
        let time = start.duration(to: .now)
        return CredentialTestResult(verdict, milliseconds: Int(clamping: Int64(time / .milliseconds(1))))
    }

    func emptyAuthenticationCache() async {
        service.authenticator?.gate.emptyCaches()
    }

    /// The users of the built-in database, also while it decides about nobody (`authentication.enable` is false); nil:
    /// there is none.
    var users: (any UserStore)? {
        get async throws(UserStoreFailure) {
            if let users = service.authenticator?.users {
                idleUsers.withLock { $0 = nil }
                return users
            }
            guard service.configuration.authentication.backend == .builtInDatabase else {
                idleUsers.withLock { $0 = nil }
                return nil
            }
            return try await openUsers()
        }
    }

    /// With the changes: a disk that does not answer must not hold those who ask for something else.
    private func openUsers() async throws(UserStoreFailure) -> any UserStore {
        let opened: Result<any UserStore, UserStoreFailure>
        do throws(OperationFailure) {
            opened = try await changes.run("users") { () async throws(OperationFailure) in
                Result { () throws(UserStoreFailure) in try self.openIdleUsers() }
            }
        } catch .unavailable(let words) {
            throw .unavailable(words)
        } catch {
            // Only the turn fails.
            throw .unavailable("\(error)")
        }
        return try opened.get()
    }

    private func openIdleUsers() throws(UserStoreFailure) -> any UserStore {
        let configuration = service.configuration
        let settings = configuration.authentication
        if let open = idleUsers.withLock({ $0 }), open.settings == settings { return open.store }
        idleUsers.withLock { $0 = nil }
        let store = try configuration.userStore(in: nil)
        idleUsers.withLock { $0 = IdleUsers(settings: settings, store: store) }
        return store
    }
}

/// The users of an authenticator that is switched off.
struct IdleUsers: Sendable {
    let settings: AuthenticationSettings
    let store: any UserStore
}

private let prefix = "authentication."

extension CredentialTestResult {
    init(_ verdict: AuthenticationVerdict, milliseconds: Int) {
        switch verdict {
        case .accepted:
            self.init(status: 101, reason: "accepted", milliseconds: milliseconds)
        case .refused(let refusal):
            let status =
                switch refusal.kind {
                case .wrongCredentials: 401
                case .unknownIdentity: 404
                case .unavailable: 503
                }
            self.init(status: status, reason: refusal.reason, milliseconds: milliseconds)
        }
    }
}

extension AuthenticationSettings.PasswordHashing {
    /// Those that say nothing with this algorithm.
    fileprivate var unusedKeys: [String] {
        var unused: [String] = []
        if name != .bcrypt { unused.append("salt_rounds") }
        if name == .bcrypt || name == .pbkdf2 { unused.append("salt_position") }
        return unused.map { prefix + "password_hash_algorithm." + $0 }
    }
}
