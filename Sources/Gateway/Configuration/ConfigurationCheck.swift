import BrokerLink
import OutsideNames

// Checks the text of one setting against the table.

extension ConfigurationKey.Kind {
    /// Nil when the text is a value of this kind, else what was expected.
    func expectation(unmetBy text: String) -> String? {
        switch self {
        case .text, .file:
            return text.utf8.contains(0) ? "expected a text without NUL" : nil
        case .boolean:
            return ConfigurationText.boolean(text.trimmed) == nil ? "expected true or false" : nil
        case .integer(let range):
            let isValid = ConfigurationText.integer(text.trimmed).map(range.contains) ?? false
            return isValid ? nil : "expected a whole number of \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range):
            let isValid = ConfigurationText.duration(text.trimmed).map(range.contains) ?? false
            let bounds = [range.lowerBound, range.upperBound].map(ConfigurationText.format)
            return isValid ? nil : "expected a duration of \(bounds[0]) to \(bounds[1]), such as 500ms, 30s, 5m or 2h"
        case .size(let range):
            let isValid = ConfigurationText.size(text.trimmed).map(range.contains) ?? false
            let bounds = [range.lowerBound, range.upperBound].map(ConfigurationText.format(size:))
            return isValid ? nil : "expected a size of \(bounds[0]) to \(bounds[1]), such as 64KB or 1MB"
        case .choice(let choices):
            let isValid = choices.contains(text.trimmed.lowercased())
            return isValid ? nil : "expected \(choices.joined(separator: ", "))"
        case .choices(let choices):
            let values = ConfigurationText.list(text)
            let isValid = !values.isEmpty && values.allSatisfy { choices.contains($0.lowercased()) }
            return isValid ? nil : "expected some of \(choices.joined(separator: ", ")), comma-separated"
        case .listeners:
            return nil  // `ListenerList` says what is wrong with each.
        case .list:
            return text.utf8.contains(0) ? "expected a comma-separated list" : nil
        case .brokerURL:
            do throws(BrokerURL.Flaw) { _ = try BrokerURL(text) } catch { return error.expectation }
            return nil
        case .clientID:
            return Self.isClientID(text)
                ? nil : "expected 1 to 65535 bytes without /, +, # and control characters (it is part of topics)"
        case .bindAddress:
            return HostAndPort.bindAddress(text.trimmed) == nil
                ? "expected address:port, [IPv6 address]:port or a port, of 0 to 65535" : nil
        case .path:
            return Self.isPath(text) ? nil : "expected a path such as /ocpp"
        case .topic(let placeholders):
            do throws(ConfiguredTopic.Flaw) { _ = try ConfiguredTopic(text, allowing: placeholders) } catch {
                return error.expectation
            }
            return nil
        case .topicFilter:
            return BrokerLinkConfiguration.isTopicFilter(Topic(text))
                ? nil : "expected an MQTT topic filter, such as requests/+/answers or answers/#"
        case .topicOverrides:
            return Self.overrideExpectation(unmetBy: text)
        case .accessRules: return ListenerAccessText.accessRulesExpectation(unmetBy: text)
        case .addressRanges: return ListenerAccessText.addressRangesExpectation(unmetBy: text)
        case .origins: return ListenerAccessText.originsExpectation(unmetBy: text)
        case .headerName:
            return ListenerAccessText.isHeaderName(text.trimmed) ? nil : "expected the name of an HTTP header"
        }
    }

    /// The text in the one form in which values can be compared.
    func normalized(_ text: String) -> String {
        switch self {
        case .boolean: ConfigurationText.boolean(text.trimmed).map(\.description) ?? text
        case .duration: ConfigurationText.duration(text.trimmed).map(ConfigurationText.format) ?? text
        case .choice: text.trimmed.lowercased()
        case .accessRules: ConfigurationText.list(text).joined(separator: ",").lowercased()
        case .headerName: text.trimmed.lowercased()
        case .choices: ConfigurationText.list(text).joined(separator: ",").lowercased()
        case .list, .addressRanges, .origins: ConfigurationText.list(text).joined(separator: ",")
        default: text
        }
    }

    private static func isClientID(_ text: String) -> Bool {
        (1...65_535).contains(text.utf8.count)
            && !text.unicodeScalars.contains {
                "/+#".unicodeScalars.contains($0) || $0.properties.generalCategory == .control
            }
    }

    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 1024
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#%\"<>\\^`{|}".utf8.contains($0) }
            && !text.contains("//")
    }

    private static func overrideExpectation(unmetBy text: String) -> String? {
        guard let pairs = ConfigurationText.pairs(text) else { return "expected Action=topic pairs, comma-separated" }
        var actions: Set<String> = []
        let expectations = pairs.compactMap { action, topic -> String? in
            let name = action.shownInOneLine
            guard isAction(action) else {
                return "expected an action of 1 to 50 letters, digits and hyphens, not \"\(name)\""
            }
            guard actions.insert(action).inserted else { return "the action \(name) is there twice" }
            guard !topic.isEmpty else { return "expected a topic for \(name)" }
            do throws(ConfiguredTopic.Flaw) { _ = try ConfiguredTopic(topic, allowing: ConfiguredTopic.call) } catch {
                return "\(name): \(error.expectation)"
            }
            return nil
        }
        return expectations.isEmpty ? nil : expectations.shortList
    }

    private static func isAction(_ text: String) -> Bool {
        (1...50).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}

extension ConfigurationSettings.Setting {
    /// What is wrong with this setting by itself.
    var problem: ConfigurationProblem? {
        guard isSet else { return nil }
        if text.isEmpty, key.allowsEmpty { return nil }
        if case .unavailable = key.availability { return problem("not available in this version") }
        if text.isEmpty { return problem(key.kind.expectation(unmetBy: text) ?? "expected a value") }
        if let expectation = key.kind.expectation(unmetBy: text) { return problem(expectation) }
        if case .only(let values) = key.availability, !values.contains(key.kind.normalized(text)) {
            let only = values.map { "\"\($0)\"" }.joined(separator: " and ")
            return problem("not available in this version, which has \(only) only")
        }
        return nil
    }

    var warning: ConfigurationProblem? {
        guard case .withoutEffect = key.availability, isSet, !text.isEmpty, !isDefault else { return nil }
        return problem("has no effect in this version")
    }

    var isDefault: Bool { key.kind.normalized(text) == key.kind.normalized(key.defaultText) }
}
