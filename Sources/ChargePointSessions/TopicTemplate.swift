import OCPPJ

/// A topic with placeholders (relay-format.md, "Topics").
///
/// Values are put between the literal parts and never read again, so a value that looks like a placeholder is none.
public struct TopicTemplate: Sendable, Equatable {
    public enum Placeholder: String, Sendable, CaseIterable {
        case cid, clientid, action, id, type, version
    }

    private enum Part: Sendable, Equatable {
        case literal(String)
        case placeholder(Placeholder)
    }

    private var parts: [Part] = []

    /// Reads `text`; what is no known placeholder stays literal text (the configuration refuses it before).
    public init(_ text: String) {
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            if let placeholder = Placeholder(rawValue: String(rest[start.upperBound..<end])) {
                append(String(rest[..<start.lowerBound]))
                parts.append(.placeholder(placeholder))
            } else {
                append(String(rest[...end]))
            }
            rest = rest[rest.index(after: end)...]
        }
        append(String(rest))
    }

    private init() {}

    private mutating func append(_ literal: String) {
        guard !literal.isEmpty else { return }
        if case .literal(let before) = parts.last {
            parts[parts.count - 1] = .literal(before + literal)
        } else {
            parts.append(.literal(literal))
        }
    }

    public var placeholders: Set<Placeholder> {
        Set(
            parts.compactMap { part in
                if case .placeholder(let placeholder) = part { placeholder } else { nil }
            })
    }

    /// The template with those placeholders filled in for which `value` has a value.
    public func filled(_ value: (Placeholder) -> String?) -> TopicTemplate {
        var result = TopicTemplate()
        for part in parts {
            switch part {
            case .literal(let text): result.append(text)
            case .placeholder(let placeholder):
                if let text = value(placeholder) { result.append(text) } else { result.parts.append(part) }
            }
        }
        return result
    }

    public func filled(identity: String) -> TopicTemplate {
        filled { $0 == .cid || $0 == .clientid ? identity : nil }
    }

    /// The topic, once no placeholder is left.
    public var topic: String? {
        switch parts.first {
        case .literal(let text) where parts.count == 1: text
        case nil: ""
        default: nil
        }
    }

    /// The topic filter for all charge points: each level that holds an identity is a `+`.
    public var filter: String {
        let levels = filled { _ in "+" }.topic.map { $0.split(separator: "/", omittingEmptySubsequences: false) } ?? []
        return levels.map { $0.contains("+") ? "+" : $0 }.joined(separator: "/")
    }

    /// The identity that makes this template the given topic; nil if there is none.
    public func identity(in topic: String) -> String? {
        guard case .literal(let prefix)? = parts.first ?? .literal("") else {
            return identity(in: topic, after: "")
        }
        return identity(in: topic, after: prefix)
    }

    private func identity(in topic: String, after prefix: String) -> String? {
        guard topic.hasPrefix(prefix) else { return nil }
        let level = topic.dropFirst(prefix.count).prefix { $0 != "/" }
        var candidate = level
        while !candidate.isEmpty {
            if filled(identity: String(candidate)).topic == topic { return String(candidate) }
            candidate = candidate.dropLast()
        }
        return nil
    }
}
