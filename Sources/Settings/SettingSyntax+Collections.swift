extension SettingSyntax where Value == [String] {
    /// Texts with commas between them.
    package static var list: Self {
        Self(.list, empty: [], format: { $0.joined(separator: ", ") }) { text throws(SettingFlaw) in
            guard !text.utf8.contains(0) else { throw SettingFlaw("expected a comma-separated list") }
            return SettingText.list(text)
        }
    }

    /// Some of these, at least one, in any case.
    package static func choices(_ names: [String]) -> Self {
        Self(.list, format: { $0.joined(separator: ", ") }) { text throws(SettingFlaw) in
            let values = SettingText.list(text).map { $0.lowercased() }
            guard !values.isEmpty, values.allSatisfy(names.contains) else {
                throw SettingFlaw("expected some of \(names.joined(separator: ", ")), comma-separated")
            }
            return values
        }
    }
}

extension SettingSyntax where Value == [SettingsMember] {
    /// Names and texts, in order: a map in a file, a JSON object in the environment. No name may be there twice.
    package static var textMap: Self {
        map { members throws(SettingFlaw) in
            try members.map { member throws(SettingFlaw) in
                guard let text = member.value.plainText, !text.utf8.contains(0), !member.name.utf8.contains(0) else {
                    throw SettingFlaw("expected a plain text for \(member.name.shownInOneLine)")
                }
                return SettingsMember(member.name, .text(text))
            }
        }
    }

    /// The same where a value may be a secret, such as a token in a header: names are shown, values are not.
    package static var secretTextMap: Self { textMap { _ in true } }

    /// The same where some values may be secrets: of those, names are shown alone.
    package static func textMap(hiding isSecret: @escaping @Sendable (String) -> Bool) -> Self {
        textMap.hiding { text in
            guard !text.isEmpty else { return "" }
            guard case .map(let members)? = try? SettingsValue(json: text) else { return SettingProblem.hidden }
            let shown = members.map { member in
                guard let value = member.value.plainText, !isSecret(value) else {
                    return SettingsMember(member.name, .text(SettingProblem.hidden))
                }
                return member
            }
            return shown == members ? text : SettingsValue.map(shown).json
        }
    }

    /// A document: names and values of every kind.
    package static var document: Self { map { members throws(SettingFlaw) in members } }

    private static func map(
        _ check: @escaping @Sendable ([SettingsMember]) throws(SettingFlaw) -> [SettingsMember]
    ) -> Self {
        Self(.map, empty: [], format: { $0.isEmpty ? "" : SettingsValue.map($0).json }) {
            (value: SettingsValue) throws(SettingFlaw) in
            var value = value
            if case .text(let text) = value { value = try SettingsValue(json: text) }
            if case .plain(let text) = value { value = try SettingsValue(json: text) }
            guard case .map(let members) = value else {
                throw SettingFlaw(#"expected names and values, in the environment JSON such as {"name":"value"}"#)
            }
            var names: Set<[UInt8]> = []
            for member in members where !names.insert(Array(member.name.utf8)).inserted {
                throw SettingFlaw("expected each name once: \(member.name.shownInOneLine) is there twice")
            }
            return try check(members)
        }
    }
}
