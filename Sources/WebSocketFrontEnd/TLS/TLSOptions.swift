import NIOCore

/// TLS of a `wss` listener (`ssl_options.*`).
public struct TLSOptions: Sendable, Equatable {
    public enum Version: Int, Sendable, Equatable, CaseIterable {
        case v10, v11, v12, v13
    }

    /// PEM: the listener's certificate, then the intermediate ones up to its authority.
    public var certificateFile: String
    /// PEM.
    public var keyFile: String
    /// Of an encrypted key.
    public var keyPassword: String?
    /// PEM: authorities of client certificates.
    public var authorityFile: String?
    /// PEM or DER: revocation lists of those authorities.
    public var revocationFile: String?
    public var versions: ClosedRange<Version>
    /// Names of `TLSCiphers`, for TLS 1.2 and older; nil: the library's.
    public var ciphers: [String]?
    /// Ask for a client certificate, and check one that is shown.
    public var verifiesPeer: Bool
    public var requiresPeerCertificate: Bool
    /// Certificates between the client's and that of a trusted authority.
    public var depth: Int
    public var handshakeTimeout: TimeAmount

    public init(
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

    /// All problems with the files and what they hold; empty: a listener can start with them.
    public var problems: [TLSProblem] {
        do throws(TLSProblems) {
            _ = try TLSMaterial(self)
            return []
        } catch {
            return error.problems
        }
    }
}

extension TLSOptions.Version: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

// Whoever prints a configuration must not print the key's password.
extension TLSOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "TLS with \(self.certificateFile)" }
    public var debugDescription: String { self.description }
    public var customMirror: Mirror { Mirror(self, children: ["certificateFile": self.certificateFile]) }
}

/// What is wrong with one of the files of a `wss` listener. Never holds what is in them.
public struct TLSProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key behind `ssl_options.`.
    public enum Option: String, Sendable, Equatable {
        case certfile, keyfile, password, cacertfile, ciphers
        case revocation = "crl_file"
    }

    public var option: Option
    /// What was expected.
    public var reason: String

    public var description: String { "ssl_options.\(self.option.rawValue): \(self.reason)" }
}

/// Every problem, not just the first.
public struct TLSProblems: Error, Sendable, Equatable {
    public var problems: [TLSProblem]
}
