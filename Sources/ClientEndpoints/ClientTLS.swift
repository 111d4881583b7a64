import NIOCore
import NIOSSL

/// TLS of charge points that connect. The library's client keeps no sessions, so every handshake is a full one.
package struct ClientTLS: Sendable {
    /// Whose certificates are good.
    package enum Trust: Sendable {
        /// Those of the system's authorities.
        case system
        /// Those of the authorities in this PEM file, and those in it themselves.
        case file(String)
        /// Anybody's: the certificate is not looked at.
        case anybody
    }

    package struct NoAuthorities: Error, CustomStringConvertible {
        let path: String

        package var description: String { "\(path): no PEM file of certificates" }
    }

    private let context: NIOSSLContext
    private let serverName: String?

    package init(host: String, trust: Trust, mostTLS12: Bool = false) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        switch trust {
        case .system: break
        case .file(let path): configuration.trustRoots = .file(path)
        case .anybody: configuration.certificateVerification = .none
        }
        if mostTLS12 { configuration.maximumTLSVersion = .tlsv12 }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            guard case .file(let path) = trust else { throw error }
            throw NoAuthorities(path: path)
        }
        // RFC 6066, 3: an address is no server name; the certificate is then checked against the address.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        serverName = isAddress ? nil : host
    }

    package func handler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: serverName)
    }
}
