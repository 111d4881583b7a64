/// What a key may do.
package enum ManagementRole: String, Sendable, CaseIterable {
    case administrator
    /// Looks, and changes nothing.
    case viewer
}
