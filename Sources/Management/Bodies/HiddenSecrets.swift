import OutsideNames

/// "Answers hold no secret: each is `******`. Sent back as it is, it means unchanged."
///
/// Whoever implements ``GatewayOperations`` hides what it knows to be secret; this hides by name whatever is left, so
/// that a new key is not shown because somebody forgot it.
package enum HiddenSecrets {
    package static let mark = "******"

    /// Members whose values are secrets, by a part of their key.
    private static let names: Set<String> = [
        "password", "secret", "api_secret", "key_password", "sentinel_password", "authorization", "token",
        "proxy-authorization", "x-api-key", "api_key",
    ]

    /// Maps in which every value may be one: what is sent to a server of the operator's.
    private static let maps: Set<String> = ["headers", "body"]

    /// By any part: what lies in a secret is secret too.
    private static func isSecret(_ path: [String]) -> Bool { path.contains(where: names.contains) }

    private static func isInMap(_ path: [String]) -> Bool { path.contains(where: maps.contains) }

    /// A listener may be called anything: its name is no part that tells what lies below.
    private static func withoutName(_ path: [String], _ value: JSON) -> [String] {
        guard path.count >= 3, path[0] == "listeners", path[1] == "ws" || path[1] == "wss",
            path.count > 3 || value.members != nil
        else { return path }
        var path = path
        path[2] = ""
        return path
    }

    private static func parts(of key: String) -> [String] {
        key.split(separator: ".").map { $0.lowercased() }
    }

    /// The same with every secret hidden; what is empty or not set is shown as it is.
    static func hide(_ value: JSON) -> JSON { hide(value, at: []) }

    static func hide(_ value: JSON, of key: String) -> JSON { hide(value, at: parts(of: key)) }

    private static func hide(_ value: JSON, at path: [String]) -> JSON {
        let path = withoutName(path, value)
        switch value {
        case .object(let members) where !isSecret(path):
            // A map's members are shown by their names, and no deeper.
            if isInMap(path) { return .object(members.map { JSON.Member($0.key, hideAll($0.value)) }) }
            return .object(members.map { JSON.Member($0.key, hide($0.value, at: path + parts(of: $0.key))) })
        case .bool where !isInMap(path): return value
        case _ where isSecret(path) || isInMap(path): return hideAll(value)
        case .array(let elements): return .array(elements.map { hide($0, at: path + [""]) })
        case .string(let text): return .string(text.contains("PRIVATE KEY-----") ? mark : withoutPassword(text))
        default: return value
        }
    }

    /// Whatever it is, but for a placeholder.
    private static func hideAll(_ value: JSON) -> JSON {
        switch value {
        case .null: return value
        case .object(let members) where members.isEmpty: return value
        case .array(let elements) where elements.isEmpty: return value
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
                let path = parts(of: member.key)
                if let last = path.last, maps.contains(last) { return member }
                if isSecret(path) || isInMap(path), member.value == .string(mark) { return nil }
                return JSON.Member(member.key, withoutUnchanged(member.value))
            })
    }

    /// `mqtt://user:******@host`, each of a comma-separated list, and `https://host/path?key=******`.
    private static func withoutPassword(_ text: String) -> String {
        guard text.contains("://"), text.contains(where: { $0 == "@" || $0 == "?" }) else { return text }
        return hideInQuery(urls(in: text).map(hideInURL).joined(separator: ",")[...])
    }

    /// At commas, but for those behind which there is no URL: a password may hold one.
    private static func urls(in text: String) -> [Substring] {
        var urls: [Substring] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if let last = urls.last, part.firstRange(of: "://") == nil {
                urls[urls.endIndex - 1] = text[last.startIndex..<part.endIndex]
            } else {
                urls.append(part)
            }
        }
        return urls
    }

    /// Words in which somebody's value may stand, a URL where none belongs: without user names and passwords.
    package static func withoutUserInfo(_ text: String) -> String {
        guard let scheme = text[...].firstRange(of: "://"), let at = text.lastIndex(of: "@"), scheme.upperBound < at
        else { return text }
        return text[..<scheme.upperBound] + mark + text[at...]
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
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let colon = authority.firstIndex(of: ":"), !authority.hasPrefix("[") else { return String(url) }
        if let at = authority.lastIndex(of: "@") { return colon < at ? url[...colon] + mark + url[at...] : String(url) }
        // Behind a host's colon is a number; another text is a password with a slash in it.
        let isPort = authority[authority.index(after: colon)...].allSatisfy { ("0"..."9").contains($0) }
        guard !isPort, let at = rest.lastIndex(of: "@") else { return String(url) }
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
