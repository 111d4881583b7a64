import OutsideNames

/// `authentication.username_is_identity`, for every backend: a user name that is present must be the charge point's
/// identity (OCPP security profiles 1 and 2). Without it one charge point's password would open every identity.
package struct UserNameRule: Sendable, Equatable {
    /// False: user names may be anything, and the backend has to tie them to identities.
    package var holds: Bool

    package init(holds: Bool = true) {
        self.holds = holds
    }

    /// Why these credentials are wrong whatever the backend would say; nil: it is to be asked. An empty user name is
    /// none.
    package func fault(of username: UserName?, for identity: ChargePointIdentity) -> String? {
        guard holds, let username, !username.isEmpty, !username.text.hasSameBytes(as: identity.text) else { return nil }
        return "the user name is not the identity"
    }
}
