/// Why a message of a charge point was refused (relay-format.md, "Refused messages, whole").
package enum RefusalReason: String, Sendable {
    case malformed
    case schema
    /// Another CALL has its UniqueId already.
    case duplicate
    /// An answer to no open CALL.
    case unsolicited
}
