import OutsideNames

/// Who a charge point says that it is, and what it shows for it. A password must not get into a log or an error.
package struct Credentials: Sendable {
    /// Percent-decoded and checked; the client id of EMQX's authenticators.
    package var identity: ChargePointIdentity
    /// Of HTTP Basic; nil: no such credentials, or none that can be read.
    package var userName: UserName?
    /// Of HTTP Basic, as it was sent: an AuthorizationKey is bytes, and need not be a text.
    package var password: [UInt8]?
    /// Of `Authorization: Bearer`.
    package var bearerToken: [UInt8]?
    /// Address without port, after the PROXY protocol and trusted headers.
    package var peerHost: String
    /// Nil: a proxy has told none.
    package var peerPort: UInt16?
    /// `ocpp:ws:default`.
    package var listener: String
    /// The subprotocol as it will be agreed (`ocpp1.6`); nil where the handshake will be refused for want of one.
    package var subprotocol: String?
    /// The charge point, or a trusted proxy in front, speaks TLS.
    package var isEncrypted: Bool
    /// Nil: none, or none that was verified.
    package var certificate: ClientCertificate?

    package init(
        identity: ChargePointIdentity, userName: UserName? = nil, password: [UInt8]? = nil,
        bearerToken: [UInt8]? = nil, peerHost: String, listener: String, subprotocol: String? = nil,
        isEncrypted: Bool = false, certificate: ClientCertificate? = nil, peerPort: UInt16? = nil
    ) {
        self.identity = identity
        self.userName = userName
        self.password = password
        self.bearerToken = bearerToken
        self.peerHost = peerHost
        self.listener = listener
        self.subprotocol = subprotocol
        self.isEncrypted = isEncrypted
        self.certificate = certificate
        self.peerPort = peerPort
    }
}

extension Credentials {
    /// Without what HTTP Basic has shown, for those who are to be asked about the rest alone.
    package var withoutPassword: Credentials {
        var rest = self
        rest.userName = nil
        rest.password = nil
        return rest
    }

    /// The password for those who take a text only: where it is not UTF-8, its bytes as hexadecimal digits in capitals.
    package var passwordText: String? {
        guard let password else { return nil }
        if let text = String(validating: password, as: UTF8.self) { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        return String(decoding: password.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "credentials of \(identity)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["identity": identity]) }
}
