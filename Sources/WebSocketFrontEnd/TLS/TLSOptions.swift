import NIOCore

/// TLS of a `wss` listener (`ssl_options.*`).
package struct TLSOptions: Sendable, Equatable {
    package enum Version: Int, Sendable, Equatable, CaseIterable {
        case v10, v11, v12, v13
    }

    /// PEM: the listener's certificate, then the intermediate ones up to its authority.
    package var certificateFile: String
    /// PEM.
    package var keyFile: String
    /// Of an encrypted key.
    package var keyPassword: String?
    /// PEM: authorities of client certificates.
    package var authorityFile: String?
    /// PEM or DER: revocation lists of those authorities.
    package var revocationFile: String?
    package var versions: ClosedRange<Version>
    /// Names of `TLSCiphers`, for TLS 1.2 and older; nil: the library's.
    package var ciphers: [String]?
    /// Ask for a client certificate, and check one that is shown.
    package var verifiesPeer: Bool
    package var requiresPeerCertificate: Bool
    /// Certificates between the client's and that of a trusted authority.
    package var depth: Int
    package var handshakeTimeout: TimeAmount

    package init(
        certificateFile: String,
        keyFile: String,
        keyPassword: String? = nil,
        authorityFile: String? = nil,
        revocationFile: String? = nil,
        versions: ClosedRange<Version> = .v12 ... .v13,
        ciphers: [String]? = nil,
        verifiesPeer: Bool = false,
        requiresPeerCertificate: Bool = false,
        depth: Int = 10,
        handshakeTimeout: TimeAmount = .seconds(15)
    ) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.keyPassword = keyPassword
        self.authorityFile = authorityFile
        self.revocationFile = revocationFile
        self.versions = versions
        self.ciphers = ciphers
        self.verifiesPeer = verifiesPeer
        self.requiresPeerCertificate = requiresPeerCertificate
        self.depth = depth
        self.handshakeTimeout = handshakeTimeout
    }
}

extension TLSOptions.Version: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

// Whoever prints a configuration must not print the key's password.
extension TLSOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "TLS with \(certificateFile)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["certificateFile": certificateFile]) }
}
