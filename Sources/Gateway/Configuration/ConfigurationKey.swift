import ChargePointSessions

/// One setting: its name, what its value may be, and what becomes of it. The table of these
/// (`ConfigurationKey.groups`) drives loading, `--print-config`, `--help-config` and the search for unknown names.
struct ConfigurationKey: Sendable {
    /// What a value is checked to be.
    enum Kind: Sendable {
        case text
        case boolean
        case integer(ClosedRange<Int>)
        case duration(ClosedRange<Duration>)
        /// Bytes.
        case size(ClosedRange<Int>)
        case choice([String])
        case list
        /// Some of these, with commas between them.
        case choices([String])
        case file
        case brokerURL
        case clientID
        case listeners
        /// `host:port`.
        case bindAddress
        case path
        case topic(Set<TopicTemplate.Placeholder>)
        case topicFilter
        /// `Action=topic` pairs, or a map in YAML.
        case topicOverrides
        /// `allow CIDR` and `deny CIDR`, with commas between them.
        case accessRules
        /// CIDRs with commas between them.
        case addressRanges
        /// `https://host:port`, with commas between them.
        case origins
        /// A name of an HTTP header.
        case headerName
    }

    enum Scope: Sendable {
        case gateway
        /// Once for each listener, under `listeners.<type>.<name>.`.
        case listener
    }

    /// What this version does with the setting. Nothing is read and then ignored without a word.
    enum Availability: Sendable {
        case available
        /// Only these values are built; any other is a problem.
        case only([String])
        /// Setting it at all is a problem.
        case unavailable
        /// Accepted, with a warning that it has no effect.
        case withoutEffect
    }

    /// `broker.qos`; for a listener's setting what comes after `listeners.<type>.<name>.`.
    let name: String
    let kind: Kind
    /// Empty: not set.
    let defaultText: String
    /// An empty value is taken (as "not set" or "off").
    let allowsEmpty: Bool
    let isSecret: Bool
    let availability: Availability
    let scope: Scope
    /// One line for `--help-config`.
    let summary: String

    init(
        _ name: String, _ kind: Kind, default defaultText: String = "", allowsEmpty: Bool? = nil,
        isSecret: Bool = false, availability: Availability = .available, scope: Scope = .gateway,
        _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultText = defaultText
        self.allowsEmpty = allowsEmpty ?? defaultText.isEmpty
        self.isSecret = isSecret
        self.availability = availability
        self.scope = scope
        self.summary = summary
    }

    /// The full name of this setting, for a listener's with the listener in it.
    func fullName(for listener: ListenerName?) -> String {
        guard scope == .listener, let listener else { return name }
        return "\(listener.keyPrefix)\(name)"
    }

    /// `broker.tls.ca_file` is `BROKER_TLS_CA_FILE` in the environment.
    static func environmentName(of name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

/// A listener as the configuration names it: `ws:default`.
struct ListenerName: Sendable, Hashable, CustomStringConvertible {
    enum Transport: String, Sendable, CaseIterable {
        case ws
        case wss
    }

    var transport: Transport
    var name: String

    var description: String { "\(transport.rawValue):\(name)" }
    /// `default` of `ws:default`, for which there were logs before there was `wss`; the whole of `wss:default`.
    var configurationName: String { transport == .ws ? name : description }
    var keyPrefix: String { "listeners.\(transport.rawValue).\(name)." }

    /// Letters, digits, `_` and `-`, at most 64: they become part of environment names.
    static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
