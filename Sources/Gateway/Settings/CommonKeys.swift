/// Those of the common keys that not every backend uses, in the groups in which it does.
enum CommonKeys: CaseIterable {
    case pool, connections, queryTimeout, account, storedPasswords

    /// Keys, and the beginnings of keys with a dot at their end.
    private var names: [String] {
        switch self {
        case .pool: ["authentication.pool_size"]
        case .connections: ["authentication.connect_timeout", "authentication.ssl."]
        case .queryTimeout: ["authentication.query_timeout"]
        case .account: ["authentication.username", "authentication.password", "authentication.password_file"]
        case .storedPasswords: ["authentication.password_hash_algorithm.", "authentication.password_forms"]
        }
    }

    fileprivate func contains(_ key: String) -> Bool {
        names.contains { $0.hasSuffix(".") ? key.hasPrefix($0) : key == $0 }
    }
}

extension AuthenticationSettings.Backend {
    /// What its authenticator is made with (its file in `Backends/`); the others are a warning where they
    /// are set, and the management API leaves them out.
    private var commonKeys: Set<CommonKeys> {
        switch self {
        case .none, .broker: []
        case .builtInDatabase: [.pool, .storedPasswords]
        case .mysql, .postgresql, .mongodb, .redis: [.pool, .connections, .queryTimeout, .account, .storedPasswords]
        case .http, .jwt: [.pool, .connections]
        }
    }

    /// Those of these common keys that it makes nothing of.
    func withoutEffect(_ keys: [String]) -> [String] {
        guard isAsked else { return keys }
        let unused = CommonKeys.allCases.filter { !commonKeys.contains($0) }
        return keys.filter { key in unused.contains { $0.contains(key) } }
    }
}
