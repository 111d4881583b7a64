import CredentialChecking
import NIOCore
import NIOSSL

/// `ssl.*` for one connection.
struct RedisTLS: Sendable {
    private let context: NIOSSLContext
    private let name: String?

    init(_ tls: BackendTLS, host: String) throws(ConnectionFault) {
        do {
            context = try NIOSSLContext(configuration: Self.configuration(tls))
        } catch {
            throw .lost("TLS cannot be set up: \(error)")
        }
        // An address is no name that could be asked for; it is checked against the certificate's addresses.
        let name = tls.name(of: host)
        self.name = name.flatMap { (try? SocketAddress(ipAddress: $0, port: 0)) == nil ? $0 : nil }
    }

    func handler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: name)
    }

    private static func configuration(_ tls: BackendTLS) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = version(tls.versions.min() ?? .tls12)
        configuration.maximumTLSVersion = version(tls.versions.max() ?? .tls13)
        configuration.certificateVerification =
            !tls.verifiesPeer ? .none : tls.serverName == .disabled ? .noHostnameVerification : .fullVerification
        if let file = tls.caFile {
            let bytes = try BackendTLS.contents(of: file)
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(bytes))
        }
        if let file = tls.certificateFile {
            let bytes = try BackendTLS.contents(of: file)
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(bytes).map { .certificate($0) }
        }
        if let file = tls.keyFile {
            let password = tls.keyPassword
            let bytes = try BackendTLS.contents(of: file)
            let key = try NIOSSLPrivateKey(bytes: bytes, format: .pem) { set in set((password ?? "").utf8) }
            configuration.privateKey = .privateKey(key)
        }
        return configuration
    }

    private static func version(_ version: BackendTLS.Version) -> TLSVersion {
        switch version {
        case .tls10: .tlsv1
        case .tls11: .tlsv11
        case .tls12: .tlsv12
        case .tls13: .tlsv13
        }
    }
}
