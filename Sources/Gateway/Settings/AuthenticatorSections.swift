import Settings

/// The sections of authenticators, each in its own target: their keys are in the table, and belong to one backend alone.
enum AuthenticatorSections {
    /// Reads a backend's own settings; the common ones have been read.
    typealias Section = @Sendable (inout SettingsReader, AuthenticationSettings) -> any BackendSettings

    static let all: [AuthenticationSettings.Backend: Section] = {
        var sections: [AuthenticationSettings.Backend: Section] = [:]
        for backend in AuthenticationSettings.Backend.allCases {
            guard let own = backend.ownSettings else { continue }
            sections[backend] = { read, common in own.init(&read, common) }
        }
        return sections
    }()

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
        let settings: any BackendSettings
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
                let only = known.map(\.rawValue).joined(separator: ", ")
                read.problem("authentication.backend", "expected a backend that this program was built with: \(only)")
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
}
