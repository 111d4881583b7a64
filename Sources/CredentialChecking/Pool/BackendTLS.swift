/// How a connection to a backend is encrypted: the `ssl.*` keys of authentication.md, the same for every backend.
package struct BackendTLS: Sendable, Equatable {
    package enum ServerName: Sendable, Equatable {
        /// The name that is connected to is sent and must be the certificate's.
        case ofHost
        /// This name instead.
        case named(String)
        /// `disable`: no name is sent, none is checked.
        case disabled
    }

    package enum Version: String, Sendable, CaseIterable, Comparable {
        case tls10 = "tlsv1"
        case tls11 = "tlsv1.1"
        case tls12 = "tlsv1.2"
        case tls13 = "tlsv1.3"

        package static func < (one: Self, other: Self) -> Bool {
            (allCases.firstIndex(of: one) ?? 0) < (allCases.firstIndex(of: other) ?? 0)
        }
    }

    package var isEnabled = false
    /// PEM; nil: the system's authorities.
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    /// Of the key file.
    package var keyPassword: String?
    package var versions: Set<Version> = [.tls12, .tls13]
    package var serverName = ServerName.ofHost
    /// False: `verify_none`, anybody may be the backend.
    package var verifiesPeer = true

    package init(isEnabled: Bool = false) {
        self.isEnabled = isEnabled
    }
}

extension BackendTLS: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { isEnabled ? "TLS" : "no TLS" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["isEnabled": isEnabled]) }
}
