import BuiltInDatabaseAuthenticator
import HTTPAuthenticator
import JWTAuthenticator
import Settings

#if MongoDB
    import MongoDBAuthenticator
#endif
#if MySQL
    import MySQLAuthenticator
#endif
#if PostgreSQL
    import PostgreSQLAuthenticator
#endif
#if Redis
    import RedisAuthenticator
#endif

/// The sections of authenticators, each in its own target. One line here makes a backend known: its keys are then in the
/// table, and belong to it alone.
enum AuthenticatorSections {
    /// Reads a backend's own settings; the common ones have been read.
    typealias Section = @Sendable (inout SettingsReader, AuthenticationSettings) -> any Sendable

    /// The backends of this build: those that need a C library are left out with their trait.
    private static let backends: [AuthenticationSettings.Backend: any BackendSettings.Type] = {
        var backends: [AuthenticationSettings.Backend: any BackendSettings.Type] = [
            .builtInDatabase: BuiltInDatabaseConfiguration.self,
            .http: HTTPAuthenticatorSettings.self,
            .jwt: JWTAuthenticatorSettings.self,
        ]
        #if PostgreSQL
            backends[.postgresql] = PostgreSQLConfiguration.self
        #endif
        #if MySQL
            backends[.mysql] = MySQLConfiguration.self
        #endif
        #if MongoDB
            backends[.mongodb] = MongoDBConfiguration.self
        #endif
        #if Redis
            backends[.redis] = RedisConfiguration.self
        #endif
        return backends
    }()

    static let all: [AuthenticationSettings.Backend: Section] = backends.mapValues { backend in
        { read, common in backend.init(&read, common) }
    }

    /// Each backend's keys, which are errors without it.
    static let keysOfBackends: [AuthenticationSettings.Backend: [String]] = keys(of: all)

    static func keys(of sections: [AuthenticationSettings.Backend: Section]) -> [AuthenticationSettings.Backend:
        [String]]
    {
        sections.mapValues { section in
            SettingsReader.table { _ = section(&$0, AuthenticationSettings()) }.map(\.key)
        }
    }

    /// The keys that belong to some backend.
    static let allKeys = Set(keysOfBackends.values.joined())
}

extension AuthenticationSettings {
    /// A backend's own settings, as its section has read them.
    package struct OwnSettings: Sendable, Equatable {
        package let settings: any Sendable
        private let readings: [SettingReading]

        /// Nil: nobody is asked, or (which is a problem) the backend is not in this build.
        ///
        /// - Parameter common: what has been read for all backends.
        init?(
            _ read: inout SettingsReader, _ common: AuthenticationSettings,
            sections: [Backend: AuthenticatorSections.Section] = AuthenticatorSections.all
        ) {
            let isTable = read.layers.isEmpty
            if isTable {
                for (_, section) in sections.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    _ = section(&read, common)
                }
            } else {
                let isOurs = sections.count == AuthenticatorSections.all.count
                Self.refuseOthers(
                    isOurs ? AuthenticatorSections.keysOfBackends : AuthenticatorSections.keys(of: sections), &read,
                    common.backend)
            }
            guard !isTable, common.backend.isAsked else { return nil }
            guard let section = sections[common.backend] else {
                let known = Backend.allCases.filter { !$0.isAsked || sections[$0] != nil }
                let only = known.map { "\"\($0.rawValue)\"" }.joined(separator: " and ")
                read.problem("authentication.backend", "not available in this version, which has \(only) only")
                return nil
            }
            let first = read.readings.count
            settings = section(&read, common)
            readings = Array(read.readings[first...])
        }

        private static func refuseOthers(
            _ keys: [Backend: [String]], _ read: inout SettingsReader, _ chosen: Backend
        ) {
            var owners: [String: [String]] = [:]
            for (backend, keys) in keys where backend != chosen {
                for key in keys { owners[key, default: []].append(backend.rawValue) }
            }
            let own = Set(keys[chosen] ?? [])
            for (key, backends) in owners where !own.contains(key) && read[key] == nil {
                let names = backends.sorted().joined(separator: ", ")
                read.refuse(
                    key,
                    because:
                        "belongs to backend \(names); authentication.backend is \(chosen.rawValue)")
            }
        }

        /// Also by what is hidden where it is shown.
        package static func == (one: Self, other: Self) -> Bool {
            one.readings.count == other.readings.count
                && zip(one.readings, other.readings).allSatisfy { $0.key == $1.key && $0.hasSameValue(as: $1) }
        }
    }

    /// Which of the common keys a backend makes nothing of.
    struct UseOfKeys {
        let backend: Backend
        /// Those that are set.
        let keys: [String]

        var withoutEffect: [String] {
            keys.filter { key in
                guard backend.isAsked else { return true }
                return Self.parts.contains { start, backends in
                    (start.hasSuffix(".") ? key.hasPrefix(start) : key == start) && !backends.contains(backend)
                }
            }
        }

        private static let servers: [Backend] = [.mysql, .postgresql, .mongodb, .redis]

        private static let parts: [(start: String, backends: [Backend])] = [
            ("authentication.pool_size", servers + [.builtInDatabase, .http, .jwt]),
            ("authentication.connect_timeout", servers + [.http, .jwt]),
            ("authentication.query_timeout", servers),
            ("authentication.username", servers),
            ("authentication.password", servers),
            ("authentication.password_file", servers),
            ("authentication.ssl.", servers + [.http, .jwt]),
            ("authentication.password_hash_algorithm.", servers + [.builtInDatabase]),
            ("authentication.password_forms", servers + [.builtInDatabase]),
        ]
    }
}
