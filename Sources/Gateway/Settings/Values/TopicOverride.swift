import Settings

/// Another topic for an action (`upstream.topic_override_mapping`).
struct TopicOverride: Sendable, Equatable {
    var action: String
    var topic: String

    /// `Action=topic` pairs with commas between them; nil where one is none.
    static func list(_ text: String) -> [TopicOverride]? {
        var pairs: [TopicOverride] = []
        for entry in SettingText.list(text) {
            // Cut at a Unicode scalar: an = with a combining mark behind it is no `Character` of its own.
            let scalars = entry.unicodeScalars
            guard let separator = scalars.firstIndex(of: "=") else { return nil }
            pairs.append(
                TopicOverride(
                    action: String(scalars[..<separator]).trimmed,
                    topic: String(scalars[scalars.index(after: separator)...]).trimmed))
        }
        return pairs
    }

    /// What is wrong with each.
    static func flaws(of pairs: [TopicOverride]) -> [String] {
        var actions: Set<String> = []
        return pairs.compactMap { pair -> String? in
            let name = pair.action.shownInOneLine
            guard isAction(pair.action) else {
                return "expected an action of 1 to 50 letters, digits and hyphens, not \"\(name)\""
            }
            guard actions.insert(pair.action).inserted else {
                return "expected each action once: the action \(name) is there twice"
            }
            guard !pair.topic.isEmpty else { return "expected a topic for \(name)" }
            do throws(ConfiguredTopic.Flaw) {
                _ = try ConfiguredTopic(pair.topic, allowing: ConfiguredTopic.call)
                return nil
            } catch {
                return "\(name): \(error.expectation)"
            }
        }
    }

    private static func isAction(_ text: String) -> Bool {
        (1...50).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}
