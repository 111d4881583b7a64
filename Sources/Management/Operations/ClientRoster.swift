import OutsideNames

/// Who is here: what of it does not change while a session lasts.
package struct ClientRoster: Sendable {
    /// Another number whenever somebody has come or gone.
    package var revision: UInt64
    package var entries: [Entry]

    package init(revision: UInt64, entries: [Entry]) {
        self.revision = revision
        self.entries = entries
    }

    package struct Entry: Sendable, Equatable {
        package var key: SessionKey
        package var identity: ChargePointIdentity
        package var userName: UserName?
        /// Without port.
        package var address: String
        package var listener: ListenerID
        /// `1.6`, `2.0.1`, `2.1`.
        package var version: String
        package var connectedAt: Timestamp

        package init(
            key: SessionKey, identity: ChargePointIdentity, userName: UserName?, address: String, listener: ListenerID,
            version: String, connectedAt: Timestamp
        ) {
            self.key = key
            self.identity = identity
            self.userName = userName
            self.address = address
            self.listener = listener
            self.version = version
            self.connectedAt = connectedAt
        }
    }
}
