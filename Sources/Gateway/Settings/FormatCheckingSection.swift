import ChargePointSessions
import OCPPJ
import SchemaChecking
import Settings

extension FormatCheckingConfiguration {
    mutating func read(_ read: inout SettingsReader) {
        mode = read(
            "message_format_checking", .choice(), default: mode, applies: .atOnce,
            help: "payloads checked against JSON Schemas")
        let actions = read(
            "message_format_checking_exempt", .list, default: [], applies: .atOnce,
            help: "actions that are relayed unchecked")
        directory = read.optional(
            "json_schema_dir", .text, applies: .afterRestart,
            help: "folder of the JSON Schemas; default Schemas beside the program")
        idPrefixes = read(
            "json_schema_id_prefix", .schemaIDPrefixes, default: [:], applies: .afterRestart,
            help: "what the ids of schemas start with: OCPP 1.6's, or <version>=<prefix> pairs; empty: as published")
        exempt = Set(actions)
        if let doubt = KnownActions.doubt(about: actions) { read.warn("message_format_checking_exempt", doubt) }
    }

    /// Reads and compiles the schemas of the versions that some listener supports.
    mutating func compile(for subprotocols: Set<String>, _ read: inout SettingsReader) {
        versions = OCPPVersion.allCases.filter { subprotocols.contains($0.subprotocol) }
        if mode == .disable, missingDirectory != nil {
            read.warn(
                "json_schema_dir",
                "there is no such folder, and nothing is checked by it: message_format_checking is \(mode.rawValue)")
        }
        do throws(SchemaProblems) {
            try compile()
            for doubt in doubts { read.warn("json_schema_dir", doubt) }
        } catch {
            for problem in error.problems {
                read.problem("json_schema_dir", "expected schemas that can be used: \("\(problem)".shownInOneLine)")
            }
        }
    }
}

extension SettingSyntax where Value == [OCPPVersion: String] {
    /// One prefix is OCPP 1.6's, as in EMQX.
    fileprivate static var schemaIDPrefixes: Self {
        let format = { @Sendable (prefixes: Value) in
            OCPPVersion.allCases.compactMap { version in prefixes[version].map { "\(version.rawValue)=\($0)" } }
                .joined(separator: ",")
        }
        return Self(empty: [:], format: format) { text throws(SettingFlaw) in
            var prefixes: [OCPPVersion: String] = [:]
            for item in SettingText.list(text) {
                let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let version = parts.count == 1 ? .v16 : OCPPVersion(rawValue: parts[0].trimmed)
                let prefix = (parts.last ?? "").trimmed
                guard let version, !prefix.isEmpty, !prefix.utf8.contains(0),
                    prefixes.updateValue(prefix, forKey: version) == nil
                else {
                    throw SettingFlaw(
                        "expected a prefix, or <version>=<prefix> with commas between them, the versions 1.6, 2.0.1 "
                            + "and 2.1")
                }
            }
            return prefixes
        }
    }
}
