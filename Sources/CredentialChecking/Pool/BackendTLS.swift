import Glibc

/// How the connections to a backend are encrypted (`ssl.*`).
package struct BackendTLS: Sendable, Equatable {
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "tlsv1.2"
        case tls13 = "tlsv1.3"
    }

    /// `server_name_indication`: the name that is asked for, and that the certificate must have.
    package enum ServerName: Sendable, Equatable {
        /// The server's, as it is configured.
        case host
        case name(String)
        /// None is sent and none is checked (`disable`).
        case none
    }

    /// PEM, `ssl.cacertfile`; nil: the system's.
    package var caFile: String?
    /// PEM, `ssl.certfile`, the client's chain.
    package var certificateFile: String?
    /// PEM, `ssl.keyfile`.
    package var keyFile: String?
    /// Of the key, `ssl.password`.
    package var keyPassword: String?
    /// `ssl.versions`.
    package var versions: Set<Version>
    package var serverName: ServerName
    /// `ssl.verify`: false is `verify_none`: anybody on the way may be the server.
    package var verifies: Bool

    package init(
        caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, keyPassword: String? = nil,
        versions: Set<Version> = [.tls12, .tls13], serverName: ServerName = .host, verifies: Bool = true
    ) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.keyPassword = keyPassword
        self.versions = versions
        self.serverName = serverName
        self.verifies = verifies
    }

    /// Debian's bundle of the CAs that the system trusts.
    package static let systemCAFile = "/etc/ssl/certs/ca-certificates.crt"

    /// What does not fit together, or cannot be read. The files are read again for each connection.
    package var problems: [BackendProblem] {
        var problems: [BackendProblem] = []
        let files = [("cacertfile", caFile), ("certfile", certificateFile), ("keyfile", keyFile)]
        for (key, file) in files {
            guard let file, access(file, R_OK) != 0 else { continue }
            problems.append(BackendProblem("ssl.\(key)", "cannot read \(file): \(String(cString: strerror(errno)))"))
        }
        switch (certificateFile, keyFile) {
        case (nil, .some): problems.append(BackendProblem("ssl.keyfile", "needs ssl.certfile"))
        case (.some, nil): problems.append(BackendProblem("ssl.certfile", "needs ssl.keyfile"))
        default: break
        }
        if versions.isEmpty { problems.append(BackendProblem("ssl.versions", "expected tlsv1.3, tlsv1.2 or both")) }
        if case .name(let name) = serverName, !Self.isHostName(name) {
            problems.append(BackendProblem("ssl.server_name_indication", "expected a host name or disable"))
        }
        return problems
    }

    /// The name to be asked for and checked at this server; nil: none is.
    package func name(of host: String) -> String? {
        switch serverName {
        case .host: host
        case .name(let name): name
        case .none: nil
        }
    }

    private static func isHostName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

extension BackendTLS: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "TLS, verify: \(verifies)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["verifies": verifies]) }
}
