import ChargePointSessions
import OCPPJ
import OutsideNames
import Settings

/// A topic template as the configuration checks it, before sessions fill it in (relay-format.md, "Topics"). It is cut by
/// bytes, as `TopicTemplate` cuts it: a `}` with a combining mark behind it is no `Character` of its own.
struct ConfiguredTopic: Sendable, Equatable {
    typealias Placeholder = TopicTemplate.Placeholder

    enum Part: Sendable, Equatable {
        case literal(String)
        case placeholder(Placeholder)
    }

    static let identity: Set<Placeholder> = [.cid, .clientid]
    /// Answers carry no action.
    static let answer: Set<Placeholder> = [.cid, .clientid, .id, .type, .version]
    static let call = answer.union([.action])
    /// Where a refused message has no UniqueId or no type, `-1` stands for it.
    static let refused = answer
    static let presence = identity.union([.version])

    /// Bytes of the text, with placeholders not filled in.
    private static let longest = 2048
    private static let mostParts = 32

    let parts: [Part]

    /// Why a text is no template.
    struct Flaw: Error, Equatable {
        var expectation: String
    }

    init(_ text: String, allowing allowed: Set<Placeholder>) throws(Flaw) {
        guard !text.unicodeScalars.contains(where: { $0 == "+" || $0 == "#" }) else {
            throw Flaw(expectation: "expected a topic without the MQTT wildcards + and #")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw Flaw(expectation: "expected a topic without control characters")
        }
        // MQTT 5, 4.7.2: topics that begin with $ belong to the broker.
        guard !text.utf8.starts(with: "$".utf8) || text.utf8.starts(with: "${".utf8) else {
            throw Flaw(expectation: "expected a topic that does not begin with $, which belongs to the broker")
        }
        var parts: [Part] = []
        var rest = text[...].utf8
        while let start = rest.firstRange(of: "${".utf8) {
            if start.lowerBound > rest.startIndex {
                parts.append(.literal(String(Substring(rest[..<start.lowerBound]))))
            }
            guard let end = rest[start.upperBound...].firstIndex(of: UInt8(ascii: "}")) else {
                throw Flaw(expectation: "expected a } for every ${")
            }
            parts.append(.placeholder(try Self.placeholder(String(Substring(rest[start.upperBound..<end])), allowed)))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(Substring(rest)))) }
        // MQTT 5, 1.5.4: a string is at most 65,535 bytes, filled in.
        guard text.utf8.count <= Self.longest, parts.count <= Self.mostParts else {
            throw Flaw(expectation: "expected a topic of at most \(Self.longest) bytes and \(Self.mostParts) parts")
        }
        self.parts = parts
    }

    private static func placeholder(_ name: String, _ allowed: Set<Placeholder>) throws(Flaw) -> Placeholder {
        let known = Placeholder.allCases.filter(allowed.contains)
        guard let placeholder = known.first(where: { $0.rawValue.hasSameBytes(as: name) }) else {
            let names = known.map { "${\($0.rawValue)}" }.joined(separator: ", ")
            throw Flaw(expectation: "expected no placeholder but \(names): ${\(name.shownInOneLine)} is none of these")
        }
        return placeholder
    }

    /// The first level is what a charge point calls itself, which may begin with `$`.
    var beginsWithPlaceholder: Bool {
        if case .placeholder? = parts.first { true } else { false }
    }

    /// Every charge point has its own topic.
    var namesChargePoint: Bool {
        parts.contains(.placeholder(.cid)) || parts.contains(.placeholder(.clientid))
    }

    /// Whether publishing by this template for the charge point `identity` can hit the topic that `other` has for the
    /// charge point `otherIdentity`, whatever the charge point chooses for action and UniqueId.
    func canReach(_ other: ConfiguredTopic, identity: String, otherIdentity: String) -> Bool {
        let target = Array(other.rendered(identity: otherIdentity).utf8)
        // The ends of what of the target can be matched so far.
        var reached: Set<Int> = [0]
        for part in parts {
            reached = reached.reduce(into: []) { $0.formUnion(part.ends(in: target, from: $1, identity: identity)) }
        }
        return reached.contains(target.count)
    }

    /// For a template of identities only.
    private func rendered(identity: String) -> String {
        parts.map { part in
            if case .literal(let text) = part { text } else { identity }
        }.joined()
    }
}

extension ConfiguredTopic.Part {
    fileprivate func ends(in target: [UInt8], from start: Int, identity: String) -> [Int] {
        let values: [String]
        switch self {
        case .literal(let text): values = [text]
        case .placeholder(.cid), .placeholder(.clientid): values = [identity]
        case .placeholder(.type): values = ["2", "3", "4", "5", "6", "-1"]
        case .placeholder(.version): values = OCPPVersion.allCases.map(\.rawValue)
        case .placeholder(.action), .placeholder(.id):
            // What the charge point chooses never holds a `/`.
            let level = target[start...].prefix { $0 != UInt8(ascii: "/") }
            return level.isEmpty ? [] : Array(start + 1...level.endIndex)
        }
        return values.compactMap { target[start...].starts(with: $0.utf8) ? start + $0.utf8.count : nil }
    }
}
