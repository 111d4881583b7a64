import OutsideNames

/// A topic with placeholders (relay-format.md, "Topics").
///
/// Values are put between the literal parts and never read again, so a value that looks like a placeholder is none.
/// Everything is cut by bytes: a combining mark at the beginning of a value would be one `Character` with the `/` in
/// front of it.
package struct TopicTemplate: Sendable {
    package enum Placeholder: String, Sendable, CaseIterable {
        case cid, clientid, action, id, type, version
    }

    private enum Part: Sendable, Equatable {
        case literal(Topic)
        case placeholder(Placeholder)
    }

    private var parts: [Part] = []

    /// Reads `text`; what is no known placeholder stays literal text (the configuration refuses it before).
    package init(_ text: String) {
        var rest = Substring(text).utf8
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            let behind = rest[rest.index(after: dollar)...]
            guard behind.first == UInt8(ascii: "{"), let end = behind.firstIndex(of: UInt8(ascii: "}")) else {
                append(rest[...dollar])
                rest = behind
                continue
            }
            let name = String(behind[behind.index(after: behind.startIndex)..<end]) ?? ""
            if let placeholder = Placeholder(rawValue: name) {
                append(rest[..<dollar])
                parts.append(.placeholder(placeholder))
            } else {
                append(rest[...end])
            }
            rest = rest[rest.index(after: end)...]
        }
        append(rest)
    }

    private init() {}

    private mutating func append(_ literal: Substring.UTF8View) {
        append(String(Substring(literal)))
    }

    private mutating func append(_ literal: String) {
        guard !literal.isEmpty else { return }
        if case .literal(let before) = parts.last {
            parts[parts.count - 1] = .literal(Topic(before.text + literal))
        } else {
            parts.append(.literal(Topic(literal)))
        }
    }

    func holds(_ placeholder: Placeholder) -> Bool {
        parts.contains { $0 == .placeholder(placeholder) }
    }

    package var placeholders: Set<Placeholder> {
        Set(
            parts.compactMap { part in
                if case .placeholder(let placeholder) = part { placeholder } else { nil }
            })
    }

    /// The template with those placeholders filled in for which `value` has a value.
    package func filled(_ value: (Placeholder) -> String?) -> TopicTemplate {
        var result = TopicTemplate()
        for part in parts {
            switch part {
            case .literal(let text): result.append(text.text)
            case .placeholder(let placeholder):
                if let text = value(placeholder) { result.append(text) } else { result.parts.append(part) }
            }
        }
        return result
    }

    /// With another template in the place of the identity.
    package func filled(_ other: TopicTemplate) -> TopicTemplate {
        var result = TopicTemplate()
        for part in parts {
            switch part {
            case .literal(let text): result.append(text.text)
            case .placeholder(.cid), .placeholder(.clientid):
                for part in other.parts {
                    if case .literal(let text) = part { result.append(text.text) } else { result.parts.append(part) }
                }
            case .placeholder: result.parts.append(part)
            }
        }
        return result
    }

    /// With the identity as it stands in topics.
    package func filled(identity: ChargePointIdentity) -> TopicTemplate {
        let level = identity.topicLevel
        return filled { $0 == .cid || $0 == .clientid ? level : nil }
    }

    /// The topic, where no other placeholder is left than the identity's; nil: one is.
    package func topic(identity: ChargePointIdentity) -> Topic? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal.text
            case .placeholder(.cid), .placeholder(.clientid): text += identity.topicLevel
            case .placeholder: return nil
            }
        }
        return Topic(text)
    }

    /// The topic, once no placeholder is left.
    package var topic: Topic? {
        switch parts.first {
        case .literal(let topic) where parts.count == 1: topic
        case nil: ""
        default: nil
        }
    }

    /// The topic filter for all charge points: each level that holds an identity is a `+`.
    package var filter: Topic {
        let levels = filled { _ in "+" }.topic?.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let texts = levels?.map { $0.contains(UInt8(ascii: "+")) ? "+" : String(Substring($0)) }
        return Topic(texts?.joined(separator: "/") ?? "")
    }

    /// The identity that makes this template the given topic; nil if there is none.
    package func identity(in topic: Topic) -> ChargePointIdentity? {
        var prefix = Topic("")
        if case .literal(let text) = parts.first { prefix = text }
        guard topic.utf8.starts(with: prefix.utf8) else { return nil }
        var level = topic.utf8.dropFirst(prefix.utf8.count).prefix { $0 != UInt8(ascii: "/") }
        // Something literal may follow in the same level.
        while !level.isEmpty {
            if let identity = ChargePointIdentity(topicLevel: level), filled(identity: identity).topic == topic {
                return identity
            }
            level = level.dropLast()
        }
        return nil
    }
}

extension TopicTemplate: Equatable {}

extension ChargePointIdentity {
    /// The identity as one level of a topic: `+`, which MQTT would take for a wildcard, is written `%2B`, and so that
    /// no two identities are written alike, `%` is `%25` (relay-format.md).
    package var topicLevel: String {
        guard utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else { return text }
        var bytes: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "+"): bytes += Array("%2B".utf8)
            case UInt8(ascii: "%"): bytes += Array("%25".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads what `topicLevel` writes; nil for everything that it never writes.
    init?(topicLevel: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        var rest = topicLevel.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            switch (rest.next(), rest.next()) {
            case (UInt8(ascii: "2"), UInt8(ascii: "B")): bytes.append(UInt8(ascii: "+"))
            case (UInt8(ascii: "2"), UInt8(ascii: "5")): bytes.append(UInt8(ascii: "%"))
            default: return nil
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }
}
