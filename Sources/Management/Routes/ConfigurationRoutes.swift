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
                let changed = await operations.settings().filter { setting in
                    members.contains { $0.key == setting.key }
                }
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
