/// Every key with its value and where that comes from; changes, and taking them back.
enum ConfigurationRoutes {
    static func routes(_ operations: any GatewayOperations) -> [Route] {
        [
            Route(.get, "/api/v5/configs", .viewer) { request in
                let settings = await operations.settings()
                let wanted = request.query["keys"].map { $0.split(separator: ",").map(String.init) }
                for key in wanted ?? [] where !settings.contains(where: { $0.key == key }) {
                    throw APIError.notFound("there is no key \"\(key.shortened)\"")
                }
                let shown = settings.filter { wanted?.contains($0.key) ?? true }
                return .json(200, .object(shown.map { JSON.Member($0.key, json($0)) }))
            },
            Route(.put, "/api/v5/configs", .administrator, changesConfiguration: true) { request in
                let change = JSON.object(try await request.object())
                let members = HiddenSecrets.withoutUnchanged(change).members ?? []
                try await operations.changeSettings(members)
                let changed = named(in: members, await operations.settings())
                return .json(
                    200, .object(changed.map { JSON.Member($0.key, json($0)) }),
                    changed: JSON.object(change.members?.map(hidden) ?? []).compactText)
            },
            Route(.delete, "/api/v5/configs/{key}", .administrator, changesConfiguration: true) { request in
                let key = request.parameter("key")
                try await operations.takeBackSetting(key)
                return .empty(changed: "\(key.shortened) taken back")
            },
        ]
    }

    /// The settings that a change names, with dots or nested: by themselves, by a member of a map that is their value, or
    /// with the section that they are taken back with.
    private static func named(in members: [JSON.Member], _ settings: [SettingSummary]) -> [SettingSummary] {
        let paths = ConfigurationPath.all(in: members)
        // `listeners` is a setting, and other settings are below it.
        let sections = Set(settings.flatMap { ConfigurationPath.above($0.key) })
        return settings.filter { setting in
            let key = Array(setting.key.utf8)
            let isSection = sections.contains(key)
            let start = key + [UInt8(ascii: ".")]
            return paths.contains { path in
                if path.key == key { return path.isLeaf || !isSection }
                return path.key.starts(with: start)
                    ? !isSection : path.isNull && key.starts(with: path.key + [UInt8(ascii: ".")])
            }
        }
    }

    private static func hidden(_ member: JSON.Member) -> JSON.Member {
        JSON.Member(member.key, HiddenSecrets.hide(member.value, of: member.key))
    }

    private static func json(_ setting: SettingSummary) -> JSON {
        func hide(_ value: JSON) -> JSON { HiddenSecrets.hide(value, of: setting.key) }
        var members = [
            JSON.Member("value", hide(setting.value)), JSON.Member("default", hide(setting.defaultValue)),
            JSON.Member("source", .string(setting.source.rawValue)),
        ]
        // What would count if what counts now were taken away.
        members += setting.beneath.map { JSON.Member($0.source.rawValue, hide($0.value)) }
            .filter { $0.key != SettingSummary.Source.default.rawValue }
        return .object(members)
    }
}

/// What a change names, by its bytes and with dots, however it was nested.
private struct ConfigurationPath {
    let key: [UInt8]
    let isLeaf: Bool
    let isNull: Bool

    static func all(in members: [JSON.Member], below prefix: [UInt8] = []) -> [Self] {
        members.flatMap { member in
            let key = prefix + member.key.utf8
            let inner = member.value.members
            let path = Self(key: key, isLeaf: inner == nil, isNull: member.value.isNull)
            return [path] + all(in: inner ?? [], below: key + [UInt8(ascii: ".")])
        }
    }

    /// `a` and `a.b` of `a.b.c`.
    static func above(_ key: String) -> [[UInt8]] {
        let bytes = Array(key.utf8)
        return bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }.map { Array(bytes[..<$0]) }
    }
}
