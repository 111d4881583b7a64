import BrokerLink
import ChargePointSessions
import NIOCore
import OutsideNames
import Settings
import WebSocketFrontEnd

// What values of the gateway's own settings may be.

extension Duration {
    static let day = Duration.seconds(86_400)
    static let week = Duration.seconds(7 * 86_400)
}

extension SettingSyntax where Value == TimeAmount {
    /// A duration in NIO's type.
    static func time(_ range: ClosedRange<Duration>) -> Self {
        let duration = SettingSyntax<Duration>.duration(range)
        return Self(
            duration.kind, format: { SettingText.format(.nanoseconds($0.nanoseconds)) },
            parse: { text throws(SettingFlaw) in TimeAmount(try duration.value(of: text)) })
    }
}

extension SettingSyntax where Value == BrokerURL {
    static var brokerURL: Self {
        Self(
            format: \.withoutPassword,
            shown: { text in
                guard let url = try? BrokerURL(text) else { return BrokerURL.shown(text) }
                return url.password == nil ? text : url.withoutPassword
            },
            parse: { text throws(SettingFlaw) in
                do throws(BrokerURL.Flaw) { return try BrokerURL(text) } catch { throw SettingFlaw(error.expectation) }
            })
    }
}

extension SettingSyntax where Value == HostAndPort {
    static var bindAddress: Self {
        Self(format: \.description) { text throws(SettingFlaw) in
            guard let address = HostAndPort(bindAddress: text.trimmed) else {
                throw SettingFlaw("expected address:port, [IPv6 address]:port or a port, of 0 to 65535")
            }
            return address
        }
    }
}

extension SettingSyntax where Value == String {
    static var clientID: Self {
        .checked("expected 1 to 65535 bytes without /, +, # and control characters (it is part of topics)") { text in
            (1...65_535).contains(text.utf8.count)
                && !text.unicodeScalars.contains {
                    "/+#".unicodeScalars.contains($0) || $0.properties.generalCategory == .control
                }
        }
    }

    /// Of a URL.
    static var path: Self {
        .checked("expected a path such as /ocpp") { text in
            text.hasPrefix("/") && text.utf8.count <= 1024
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#%\"<>\\^`{|}".utf8.contains($0) }
                && !text.contains("//")
        }
    }

    static var topicFilter: Self {
        .checked("expected an MQTT topic filter, such as requests/+/answers or answers/#") {
            BrokerLinkConfiguration.isTopicFilter(Topic($0))
        }
    }

    /// In lower case (RFC 9110, 5.6.2).
    static var headerName: Self {
        let name = checked("expected the name of an HTTP header") { text in
            (1...64).contains(text.utf8.count)
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
        }
        return Self(format: { $0 }) { text throws(SettingFlaw) in try name.value(of: text.trimmed).lowercased() }
    }

    /// A topic template that may hold these placeholders.
    ///
    /// - Parameter empty: an empty text stands for itself.
    static func topic(_ allowed: Set<TopicTemplate.Placeholder>, empty: String? = nil) -> Self {
        Self(empty: empty, format: { $0 }) { text throws(SettingFlaw) in
            guard !text.isEmpty else { throw SettingFlaw("expected a value") }
            do throws(ConfiguredTopic.Flaw) { _ = try ConfiguredTopic(text, allowing: allowed) } catch {
                throw SettingFlaw(error.expectation)
            }
            return text
        }
    }

    private static func checked(_ expectation: String, _ isGood: @escaping @Sendable (String) -> Bool) -> Self {
        Self(format: { $0 }) { text throws(SettingFlaw) in
            guard isGood(text) else { throw SettingFlaw(expectation) }
            return text
        }
    }
}

extension SettingSyntax where Value == [TopicOverride] {
    /// `Action=topic` pairs with commas between them, or a map in YAML.
    static var topicOverrides: Self {
        Self(.pairs, empty: [], format: { $0.map { "\($0.action)=\($0.topic)" }.joined(separator: ",") }) {
            (value: SettingsValue) throws(SettingFlaw) in
            let pairs: [TopicOverride]
            if case .map(let members) = value {
                pairs = try members.map { member throws(SettingFlaw) in
                    guard let topic = member.value.plainText, !topic.utf8.contains(UInt8(ascii: ",")) else {
                        throw SettingFlaw("expected a map of actions and topics without commas")
                    }
                    return TopicOverride(action: member.name.trimmed, topic: topic.trimmed)
                }
            } else if let text = value.plainText, let entries = TopicOverride.list(text) {
                pairs = entries
            } else {
                throw SettingFlaw("expected Action=topic pairs, comma-separated")
            }
            let flaws = TopicOverride.flaws(of: pairs)
            guard flaws.isEmpty else { throw SettingFlaw(flaws.shortList) }
            return pairs
        }
    }
}

extension SettingSyntax where Value == [String] {
    static var accessRules: Self {
        entries(
            "expected allow or deny with all, an address or a CIDR, such as deny 10.0.0.0/8",
            none: "expected allow or deny rules, such as allow all"
        ) { AccessRules.Rule($0) != nil }
    }

    static var addressRanges: Self {
        entries("expected addresses or CIDRs, such as 10.0.0.0/8") { IPAddressRange($0) != nil }
    }

    static var origins: Self {
        entries("expected origins such as https://console.example:8443") { HostAndPort.isOrigin($0) }
    }

    /// Says of all entries that are none.
    ///
    /// - Parameter none: what is said where there are no entries; nil: there need be none.
    private static func entries(
        _ expectation: String, none: String? = nil, _ isGood: @escaping @Sendable (String) -> Bool
    ) -> Self {
        Self(.list, empty: none == nil ? [] : nil, format: { $0.joined(separator: ", ").lowercased() }) {
            text throws(SettingFlaw) in
            let entries = SettingText.list(text)
            let bad = entries.filter { !isGood($0) }.map { "\"\($0.shownInOneLine)\"" }
            guard bad.isEmpty else { throw SettingFlaw("\(expectation), not \(bad.shortList)") }
            if entries.isEmpty, let none { throw SettingFlaw(none) }
            return entries
        }
    }
}
