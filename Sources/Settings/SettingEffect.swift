/// When a change of a setting's value, made while the gateway runs, takes effect (management.md, "Configuration at run
/// time").
package enum SettingEffect: String, Sendable, Equatable, CaseIterable {
    case atOnce = "at once"
    case laterSessions = "to sessions opened afterwards"
    case afterRestart = "after a restart"
}
