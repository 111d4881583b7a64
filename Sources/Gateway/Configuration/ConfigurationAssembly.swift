import Authentication
import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import OCPPJ
import OutsideNames
import SchemaChecking

/// Turns checked settings into a `GatewayConfiguration`, and checks what concerns several of them together. A setting
/// that is wrong by itself has been reported; here its default stands in for it.
struct ConfigurationAssembly {
    let settings: ConfigurationSettings
    let hostName: String
    var problems: [ConfigurationProblem] = []
    var warnings: [ConfigurationProblem] = []

    init(settings: ConfigurationSettings, hostName: String) {
        self.settings = settings
        self.hostName = hostName
    }

    mutating func gateway(listeners names: [ListenerName]) -> GatewayConfiguration {
        let broker = broker()
        let listeners = names.map { listener($0) }
        checkBinds(listeners, names)
        checkLoops(names)
        warnOfTopics(names)
        if choice(.authenticationBackend) == "none", !hasOwnConnections {
            warnings.append(
                ConfigurationProblem(
                    key: ConfigurationKey.authenticationBackend.name,
                    expectation: "there is no authentication: everyone who can reach a listener is let in",
                    source: setting(.authenticationBackend).source))
        }
        let userNames = UserNameRule(holds: boolean(.usernameIsIdentity))
        if !userNames.holds {
            warn(
                setting(.usernameIsIdentity).problem(
                    "one charge point's password opens every identity, unless the backend ties user names to them"))
        }
        let timeout = duration(.brokerOutageTimeout)
        let formatChecking = formatChecking(listeners)
        return GatewayConfiguration(
            gatewayID: broker.clientID,
            broker: broker,
            brokerFiles: brokerFiles,
            listeners: listeners,
            userNames: userNames,
            brokerOutage: choice(.brokerOutage) == "disconnect" ? .disconnect(after: timeout) : .hold,
            formatChecking: formatChecking,
            presenceRetain: boolean(.presenceRetain),
            statusTopic: statusTopic(gatewayID: broker.clientID),
            statsInterval: boolean(.enableStats) ? duration(.statsInterval) : nil,
            drainTime: duration(.drainTime),
            memoryLimit: optional(.memory) == nil ? nil : size(.memory),
            logs: logs
        )
    }

    /// The rules of sessions, for one listener.
    func sessions(for listener: ListenerName) -> SessionSettings {
        let answerTimeout = duration(.answerTimeout)
        return SessionSettings(
            maxOpenCalls: integer(.maxOpenCalls),
            answerTimeout: answerTimeout == .zero ? nil : TimeAmount(answerTimeout),
            maxQueuedCalls: integer(.maxQueueLength),
            callTimeout: TimeAmount(duration(.callTimeout)),
            defaultHeartbeatInterval: TimeAmount(duration(.heartbeatInterval)),
            heartbeatBackoff: integer(.heartbeatBackoff),
            pingInterval: text(.pingInterval, listener).isEmpty
                ? nil : TimeAmount(duration(.pingInterval, listener)),
            maxBadMessages: integer(.badMessages),
            maxMessagesPerSecond: integer(.messagesPerSecond),
            maxMessageSize: size(.maxFrameSize, listener)
        )
    }

    /// One prefix is OCPP 1.6's, as in EMQX.
    private mutating func schemaIDPrefixes() -> [OCPPVersion: String] {
        var prefixes: [OCPPVersion: String] = [:]
        for item in ConfigurationText.list(text(.schemaIDPrefix)) {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let version = parts.count == 1 ? .v16 : OCPPVersion(rawValue: parts[0].trimmed)
            let prefix = (parts.last ?? "").trimmed
            guard let version, !prefix.isEmpty, prefixes.updateValue(prefix, forKey: version) == nil else {
                let expectation =
                    "expected a prefix, or <version>=<prefix> with commas between them, the versions 1.6, 2.0.1 and 2.1"
                problems.append(setting(.schemaIDPrefix).problem(expectation))
                return [:]
            }
        }
        return prefixes
    }

    private mutating func formatChecking(_ listeners: [GatewayConfiguration.Listener]) -> FormatCheckingConfiguration {
        let subprotocols = Set(listeners.flatMap(\.configuration.supportedSubprotocols))
        let exempt = ConfigurationText.list(text(.formatCheckingExempt))
        var configuration = FormatCheckingConfiguration(
            mode: MessageFormatChecking.Mode(rawValue: choice(.formatChecking)) ?? .disable, exempt: Set(exempt),
            directory: optional(.schemaDirectory), idPrefixes: schemaIDPrefixes(),
            versions: OCPPVersion.allCases.filter { subprotocols.contains($0.subprotocol) })
        do throws(SchemaProblems) {
            try configuration.compile()
        } catch {
            problems += error.problems.map { problem in
                ConfigurationProblem(
                    key: ConfigurationKey.schemaDirectory.name, value: text(.schemaDirectory),
                    expectation: "\(problem)".shownInOneLine, source: setting(.schemaDirectory).source)
            }
        }
        return configuration
    }

    private var logs: LogConfiguration {
        let level = choice(.logLevel)
        return LogConfiguration(
            level: Logger.Level(rawValue: level == "warn" ? "warning" : level) ?? .info,
            format: LogFormat(rawValue: choice(.logFormat)) ?? .text,
            showsFrames: boolean(.logFrames)
        )
    }

    private func statusTopic(gatewayID: ClientID) -> Topic {
        let mountpoint = text(.mountpoint)
        let isShared = (try? ConfiguredTopic(mountpoint, allowing: ConfiguredTopic.identity))?.namesChargePoint == false
        return "\(isShared ? mountpoint : "")gateway/\(gatewayID)/Status"
    }

    // MARK: Values

    func setting(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> ConfigurationSettings.Setting {
        let known = settings[key.fullName(for: listener)]
        guard let known, known.problem == nil else {
            // Reported already.
            return .init(
                key: key, fullName: key.fullName(for: listener), text: key.defaultText,
                source: known?.source ?? .defaults)
        }
        return known
    }

    func text(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> String {
        setting(key, listener).text
    }

    /// Nil when empty.
    func optional(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> String? {
        let text = text(key, listener)
        return text.isEmpty ? nil : text
    }

    func choice(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> String {
        text(key, listener).trimmed.lowercased()
    }

    func boolean(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> Bool {
        ConfigurationText.boolean(text(key, listener).trimmed) ?? false
    }

    func integer(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> Int {
        ConfigurationText.integer(text(key, listener).trimmed) ?? 0
    }

    func size(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> Int {
        ConfigurationText.size(text(key, listener).trimmed) ?? 0
    }

    func duration(_ key: ConfigurationKey, _ listener: ListenerName? = nil) -> Duration {
        ConfigurationText.duration(text(key, listener).trimmed) ?? .zero
    }
}
