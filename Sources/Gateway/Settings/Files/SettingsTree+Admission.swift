import Settings

/// What changes say of who is let in. A state of the changes may stand in for another only where both say the same of it:
/// otherwise a file that has gone, or a bad line, would open a door.
extension SettingsTree {
    /// The first parts of keys that let nobody in and keep nobody out. Every other key may: a new one too, and one that
    /// nothing knows.
    private static let harmless: Set<String> = [
        "mountpoint", "upstream", "dnstream", "gateway", "presence", "message_format_checking",
        "message_format_checking_exempt", "json_schema_dir", "json_schema_id_prefix", "default_heartbeat_interval",
        "heartbeat_checking_times_backoff", "idle_timeout", "enable_stats", "stats", "limits", "shutdown", "log",
        "tracing",
    ]

    var onAdmission: [SettingsMember] {
        members.filter { member in
            !Self.harmless.contains(String(member.name.prefix { $0 != "." }))
        }
    }

    /// Whatever the order in which it stands there.
    func letsInTheSame(as other: SettingsTree) -> Bool { admission == other.admission }

    /// Names and values as bytes: a password that looks like another is another.
    private var admission: [[UInt8]: [UInt8]] {
        Dictionary(
            onAdmission.map { (Array($0.name.utf8), Array($0.value.json.utf8)) },
            uniquingKeysWith: { first, _ in first })
    }
}
