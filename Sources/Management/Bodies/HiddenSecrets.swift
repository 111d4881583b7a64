import OutsideNames

/// "Answers hold no secret: each is `******`. Sent back as it is, it means unchanged."
///
/// Whoever implements ``GatewayOperations`` hides what it knows to be secret; this hides by name whatever is left, so
/// that a new key is not shown because somebody forgot it.
package enum HiddenSecrets {
    package static let mark = "******"

    /// Members whose values are secrets, by the last part of their key.
    private static let names: Set<String> = [
        "password", "secret", "api_secret", "key_password", "sentinel_password", "authorization", "token",
        "proxy-authorization", "x-api-key", "api_key",
    ]

    /// Maps in which every value may be one: what is sent to a server of the operator's.
    private static let maps: Set<String> = ["headers", "body"]

    static func isSecret(_ key: String) -> Bool { names.contains(lastName(of: key)) }

    private static func isMap(_ key: String) -> Bool { maps.contains(lastName(of: key)) }

    private static func lastName(of key: String) -> String {
        (key.split(separator: ".").last.map(String.init) ?? key).lowercased()
    }

    /// The same with every secret hidden; what is empty or not set is shown as it is.
    static func hide(_ value: JSON) -> JSON {
        switch value {
        case .object(let members): .object(members.map { JSON.Member($0.key, hide($0.value, of: $0.key)) })
        case .array(let elements): .array(elements.map { hide($0) })
        case .string(let text): .string(withoutPassword(text))
        default: value
        }
    }

    static func hide(_ value: JSON, of key: String) -> JSON {
        if isMap(key), case .object(let members) = value {
            return .object(members.map { JSON.Member($0.key, hideAll($0.value)) })
        }
        guard isSecret(key) else { return hide(value) }
        switch value {
        case .null, .object, .array, .bool: return hide(value)
        case .string(let text) where text.isEmpty || text.hasPrefix("${"): return value
        default: return .string(mark)
        }
    }

    /// Whatever it is, but for a placeholder.
    private static func hideAll(_ value: JSON) -> JSON {
        switch value {
        case .null: return value
        case .string(let text) where text.isEmpty || isPlaceholder(text[...]): return value
        default: return .string(mark)
        }
    }

    private static func isPlaceholder(_ text: Substring) -> Bool {
        text.hasPrefix("${") && text.firstIndex(of: "}") == text.indices.last
    }

    /// A change without the secrets that were sent back as they had been shown: those stay. In maps their places tell
    /// which are meant, so they are left to whoever has these.
    static func withoutUnchanged(_ change: JSON) -> JSON {
        guard case .object(let members) = change else { return change }
        return .object(
            members.compactMap { member in
                if isMap(member.key) { return member }
                if isSecret(member.key), member.value == .string(mark) { return nil }
                return JSON.Member(member.key, withoutUnchanged(member.value))
            })
    }

    /// `mqtt://user:******@host`, each of a comma-separated list, and `https://host/path?key=******`.
    private static func withoutPassword(_ text: String) -> String {
        guard text.contains("://"), text.contains(where: { $0 == "@" || $0 == "?" }) else { return text }
        return hideInQuery(
            text.split(separator: ",", omittingEmptySubsequences: false).map(hideInURL).joined(separator: ",")[...])
    }

    /// What stands for a key of the operator's: all values but placeholders.
    private static func hideInQuery(_ url: Substring) -> String {
        guard let start = url.firstIndex(of: "?") else { return String(url) }
        let parts = url[url.index(after: start)...].split(separator: "&", omittingEmptySubsequences: false).map {
            part in
            let name = part.firstIndex(of: "=").map { part[...$0] } ?? ""
            let value = part.dropFirst(name.count)
            return name + (value.isEmpty || isPlaceholder(value) ? value : mark[...])
        }
        return url[...start] + parts.joined(separator: "&")
    }

    private static func hideInURL(_ url: Substring) -> String {
        guard let scheme = url.firstRange(of: "://") else { return String(url) }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return String(url)
        }
        return url[...colon] + mark + url[at...]
    }
}

extension Substring {
    /// As the standard library's, which wants `Regex` for it.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

extension String {
    /// For an error's text: at most 100 characters of what somebody has sent.
    var shortened: String { count <= 100 ? self : prefix(100) + "…" }
}
