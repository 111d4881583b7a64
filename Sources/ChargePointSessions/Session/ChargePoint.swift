import OCPPJ
import OutsideNames

/// Who a session is with.
package struct ChargePoint: Sendable {
    package var identity: ChargePointIdentity
    /// `192.0.2.7:5123`.
    package var remoteAddress: String
    package var listener: String
    /// As the authenticator accepted it; as it was sent where nobody was asked.
    package var username: UserName?
    package var version: OCPPVersion
    /// Of OCPP's whitepaper: 0 to 3, 0 being none.
    package var securityProfile: UInt8

    package init(
        identity: ChargePointIdentity, version: OCPPVersion, remoteAddress: String, listener: String,
        username: UserName? = nil, securityProfile: UInt8 = 0
    ) {
        self.identity = identity
        self.version = version
        self.remoteAddress = remoteAddress
        self.listener = listener
        self.username = username
        self.securityProfile = securityProfile
    }
}
