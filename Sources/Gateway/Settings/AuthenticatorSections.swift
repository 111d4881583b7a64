import BoundedFiles
import BuiltInDatabaseAuthenticator
import HTTPAuthenticator
import JWTAuthenticator
import MongoDBAuthenticator
import MySQLAuthenticator
import PostgreSQLAuthenticator
import RedisAuthenticator
import Settings

/// The sections of authenticators, each in its own target. One line here makes a backend known: its keys are then in the
/// table, and belong to it alone.
enum AuthenticatorSections {
    /// Reads a backend's own settings; the common ones have been read.
    typealias Section = @Sendable (inout SettingsReader, AuthenticationSettings) -> any Sendable

    static let all: [AuthenticationSettings.Backend: Section] = [
        .builtInDatabase: { read, _ in BuiltInDatabaseConfiguration(&read) },
        .postgresql: { read, common in
            if common.username == nil, !read.layers.isEmpty {
                read.problem("authentication.username", "expected a value: postgresql needs it")
            }
            return PostgreSQLConfiguration(&read)
        },
        .mysql: { read, _ in MySQLConfiguration(&read) },
        .mongodb: { read, _ in MongoDBConfiguration(&read) },
        .redis: { read, _ in RedisConfiguration(&read) },
        .http: { read, _ in HTTPAuthenticatorSettings(&read) },
        .jwt: { read, _ in JWTAuthenticatorSettings(&read, readFile: BoundedFile.reader) },
    ]

    /// The keys that belong to some backend, and are errors without it.
    static var keys: Set<String> {
        let common = AuthenticationSettings()
        return Set(all.values.flatMap { section in SettingsReader.table { _ = section(&$0, common) }.map(\.key) })
    }
}

extension AuthenticationSettings {
    /// A backend's own settings, as its section has read them.
    package struct OwnSettings: Sendable, Equatable {
        package let settings: any Sendable
        private let texts: [String]

        /// Nil: nobody is asked, or (which is a problem) the backend is not in this build.
        ///
        /// - Parameter common: what has been read for all backends.
        init?(
            _ read: inout SettingsReader, _ common: AuthenticationSettings,
            sections: [Backend: AuthenticatorSections.Section] = AuthenticatorSections.all
        ) {
            let isTable = read.layers.isEmpty
            for (backend, section) in sections.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                if isTable {
                    _ = section(&read, common)
                } else if backend != common.backend {
                    Self.refuseKeys(of: backend, section, &read, common)
                }
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
            texts = read.readings[first...].map { "\($0.key)=\($0.normalized)" }
        }

        private static func refuseKeys(
            of backend: Backend, _ section: @escaping AuthenticatorSections.Section, _ read: inout SettingsReader,
            _ common: AuthenticationSettings
        ) {
            for reading in SettingsReader.table({ _ = section(&$0, common) }) where read[reading.key] == nil {
                read.refuse(
                    reading.key,
                    because:
                        "belongs to backend \(backend.rawValue); authentication.backend is \(common.backend.rawValue)")
            }
        }

        package static func == (one: Self, other: Self) -> Bool { one.texts == other.texts }
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
            ("authentication.pool_size", servers + [.http, .jwt]),
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
