/// Which way a message goes: up is from the charge point.
package enum MessageDirection: Int, Sendable, CaseIterable {
    case up, down
}
