/// What the sessions of a listener go by at one time: one for all of them, so that it takes no memory in each, and so
/// that another can take its place while they live (management.md, "Configuration at run time").
package final class SessionRuleSet: Sendable {
    package let settings: SessionSettings
    /// Nil: messages are relayed as they are, once they are well-formed.
    package let formatChecking: MessageFormatChecking?

    package init(settings: SessionSettings, formatChecking: MessageFormatChecking? = nil) {
        self.settings = settings
        self.formatChecking = formatChecking
    }

    /// The checking of messages from one side; nil where it is off.
    func formatChecking(of direction: MessageFormatChecking.Direction) -> MessageFormatChecking? {
        formatChecking.flatMap { $0.checks(direction) ? $0 : nil }
    }
}
