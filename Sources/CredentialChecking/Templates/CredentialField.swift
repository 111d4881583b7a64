import Authentication
import FoundationEssentials
import OutsideNames

/// What a placeholder stands for (authentication.md, "Fields and placeholders").
package enum CredentialField: String, Sendable, CaseIterable {
    case identity = "clientid"
    case shortIdentity = "cid"
    case userName = "username"
    case password = "password"
    case passwordHexadecimal = "password_hex"
    case peerHost = "peerhost"
    case certificateCommonName = "cert_common_name"
    case certificateSubject = "cert_subject"
    case certificatePEM = "cert_pem"
    case listener = "listener"
    case version = "version"
    case zone = "zone"

    /// Whether it tells one charge point from another, and is nothing that anybody may choose.
    package var namesIdentity: Bool {
        switch self {
        case .identity, .shortIdentity, .userName, .certificateCommonName, .certificateSubject, .certificatePEM: true
        case .password, .passwordHexadecimal, .peerHost, .listener, .version, .zone: false
        }
    }

    /// As a text, empty where the charge point has shown no such thing.
    package func value(of credentials: Credentials) -> String {
        switch self {
        case .identity, .shortIdentity: credentials.identity.text
        case .userName: credentials.userName?.text ?? ""
        case .password: Self.text(ofPassword: credentials.password ?? [])
        case .passwordHexadecimal: Hexadecimal.capitals(credentials.password ?? [])
        case .peerHost: credentials.peerHost
        case .certificateCommonName: credentials.certificate?.commonName ?? ""
        case .certificateSubject: credentials.certificate?.subject ?? ""
        case .certificatePEM: Data(credentials.certificate?.der ?? []).base64EncodedString()
        case .listener: credentials.listener
        case .version: Self.version(ofSubprotocol: credentials.subprotocol ?? "")
        case .zone: "default"
        }
    }

    /// As it was sent where that is a text without control characters: an AuthorizationKey is bytes, and those who take
    /// texts only get its hexadecimal digits.
    private static func text(ofPassword bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !text.hasControlCharacters else {
            return Hexadecimal.capitals(bytes)
        }
        return text
    }

    /// `ocpp1.6` is `1.6`.
    private static func version(ofSubprotocol name: String) -> String {
        name.utf8.starts(with: "ocpp".utf8) ? String(decoding: name.utf8.dropFirst(4), as: UTF8.self) : name
    }
}

extension [CredentialField] {
    /// Whether one of them tells charge points apart.
    package var nameIdentity: Bool { contains(where: \.namesIdentity) }

    /// Whether charge points are told apart by their user name alone: who has none cannot be found.
    package var needUserName: Bool { nameIdentity && filter(\.namesIdentity).allSatisfy { $0 == .userName } }
}

extension String {
    /// U+0000 to U+001F and U+007F to U+009F: what cuts lines and fields in other people's formats.
    package var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
