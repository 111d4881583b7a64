import Foundation
import NIOCore
import NIOSSL
import TestSupport

@testable import WebSocketFrontEnd

/// Authorities, certificates and revocation lists, made once for a test run by the `openssl` command.
struct TestCertificates: Sendable {
    static let shared = Result { try TestCertificates() }

    let folder: URL

    /// `server.pem` holds the intermediate certificate behind the server's own.
    private static let script = #"""
        root ca; root other; authority middle ca; authority lower middle
        signed server middle server "$localhost"; cat middle.pem >>server.pem
        signed server2 ca server2 "$localhost"
        encrypted server
        signed CP1 ca CP1 "$client"
        signed expired ca CP1 "$client" 20200101000000Z 20200201000000Z
        signed future ca CP1 "$client" 20400101000000Z 20410101000000Z
        signed foreign other CP1 "$client"
        signed deep lower CP1 "$client"; cat lower.pem middle.pem >>deep.pem
        signed webserver ca CP1 'extendedKeyUsage=serverAuth\n'
        signed revoked ca CP1 "$client"
        revoke revoked ca
        key twin; for n in 1 2 3 4 5 6 7 8; do
            openssl req -x509 -new -key twin.key -subj "/CN=twin" -days 30 -out twin$n.pem; done
        key twinned; openssl req -new -key twinned.key -subj "/CN=CP1" -out twinned.csr
        openssl x509 -req -in twinned.csr -CA twin1.pem -CAkey twin.key -CAcreateserial -days 30 -out twinned.pem
        cat twin[1-8].pem >>twinned.pem
        lists ca; lists middle; lists lower; lists other
        cat ca.crl middle.crl lower.crl >all.crl
        openssl crl -in ca.crl -outform DER -out ca.der
        openssl crl -in middle.crl -outform DER >middle.der; cat ca.der middle.der >two.der
        ca ca -gencrl -crlsec 1 -out old.crl
        """#

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "gateway-tls-\(UUID().uuidString)")
        try CertificateMaker.make(in: folder, Self.script)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Of a listener with the certificate `server.pem`.
    func options(_ change: (inout TLSOptions) -> Void = { _ in }) -> TLSOptions {
        var options = TLSOptions(certificateFile: path("server.pem"), keyFile: path("server.key"))
        change(&options)
        return options
    }

    /// Of a listener that asks for client certificates.
    func verifying(_ change: (inout TLSOptions) -> Void = { _ in }) -> TLSOptions {
        options {
            $0.authorityFile = path("ca.pem")
            $0.verifiesPeer = true
            $0.requiresPeerCertificate = true
            change(&$0)
        }
    }

    /// A TLS client that trusts `ca.pem`.
    ///
    /// - Parameter certificate: The name of the one that it shows.
    func client(
        certificate: String? = nil, version: TLSVersion? = nil, ciphers: String? = nil
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path("ca.pem"))
        configuration.minimumTLSVersion = version ?? .tlsv1
        configuration.maximumTLSVersion = version
        if let ciphers { configuration.cipherSuites = ciphers }
        if let certificate {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(certificate).pem"))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: path("\(certificate).key"), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
