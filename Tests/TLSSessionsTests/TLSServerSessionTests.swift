import Foundation
import NIOCore
import NIOSSL
import TLSSessions
import TestSupport
import Testing

@Suite("The server's side of TLS, without sockets")
struct TLSServerSessionTests {
    private static let folder = Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-sessions-\(UUID().uuidString)")
        try CertificateMaker.make(
            in: folder,
            """
            root ca; authority middle ca
            signed server middle server "$localhost"; cat middle.pem >>server.pem
            signed CP1 middle CP1 "$client"; cat middle.pem >>CP1.pem
            """)
        return folder
    }

    private let folder: URL

    init() throws {
        folder = try Self.folder.get()
    }

    private func chain(_ name: String) throws -> [[UInt8]] {
        try NIOSSLCertificate.fromPEMFile(folder.appending(path: "\(name).pem").path).map { try $0.toDERBytes() }
    }

    private func key(_ name: String) throws -> NIOSSLPrivateKey {
        try NIOSSLPrivateKey(file: folder.appending(path: "\(name).key").path, format: .pem)
    }

    private func serverKey(_ name: String, password: String = "") throws -> TLSPrivateKey {
        let pem = try Data(contentsOf: folder.appending(path: "\(name).key"))
        return try TLSPrivateKey(pem: Array(pem), password: Array(password.utf8))
    }

    private func context(
        versions: (TLSServerContext.Version, TLSServerContext.Version) = (.v12, .v13),
        ciphers: String = defaultCipherSuites,
        clientCertificates: TLSServerContext.ClientCertificates = .notAsked
    ) throws -> TLSServerContext {
        try TLSServerContext(
            chain: chain("server"), key: serverKey("server"), versions: versions, ciphers: ciphers,
            clientCertificates: clientCertificates, authorities: chain("ca"))
    }

    private func client(_ version: TLSVersion? = nil, certificate: String? = nil) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(folder.appending(path: "ca.pem").path)
        configuration.minimumTLSVersion = version ?? .tlsv12
        configuration.maximumTLSVersion = version
        if let certificate {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(
                folder.appending(path: "\(certificate).pem").path
            ).map { .certificate($0) }
            configuration.privateKey = .privateKey(try key(certificate))
        }
        return configuration
    }

    private func random(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
        var random = SeededRandom(seed: seed)
        return ByteBuffer(bytes: (0..<count).map { _ in UInt8(random.below(256)) })
    }

    // MARK: Bytes

    @Test(
        arguments: [TLSVersion.tlsv12, .tlsv13],
        [0, 1, 999, 1000, 1001, 16_383, 16_384, 16_385, 300_000])
    func `What is sent comes out as it was on both sides, whatever its length`(version: TLSVersion, length: Int) throws
    {
        let client = try TLSClient(self.client(version), of: context())
        try client.exchange()
        #expect(client.isShaken && client.fault == nil)
        let (up, down) = (random(length), random(length, seed: 2))
        client.send(up)
        try client.exchange()
        #expect(client.received == up)
        try client.session.write(down)
        try client.exchange()
        #expect(try client.read() == down)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13], [1, 2, 7])
    func `Bytes may come one at a time, the handshake's too`(version: TLSVersion, piece: Int) throws {
        let client = try TLSClient(self.client(version), of: context())
        let up = random(3000)
        client.send(up)
        try client.exchange(piece: piece)
        #expect(client.isShaken && client.received == up)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `Two sessions of one transport have their turns without mixing`(version: TLSVersion) throws {
        let (context, transport) = (try context(), TLSTransport())
        let clients = try (0..<3).map { _ in try TLSClient(self.client(version), of: context, transport) }
        let messages = (0..<3).map { random(40_000, seed: UInt64($0)) }
        for client in clients { try client.exchange() }
        for (client, message) in zip(clients, messages) { client.send(message) }
        for client in clients.reversed() { try client.exchange(piece: 1500) }
        for (client, message) in zip(clients, messages) {
            #expect(client.received == message)
            try client.session.write(message)
            try client.exchange()
            #expect(try client.read() == message)
        }
    }

    @Test
    func `A buffer that was sent is used again, unless somebody still has it`() throws {
        let client = try TLSClient(self.client(), of: context())
        try client.exchange()
        var kept: [ByteBuffer] = []
        for number in 0..<4 {
            try client.session.write(random(500, seed: UInt64(number)))
            let bytes = try #require(client.transport.takeOutgoing())
            try client.channel.writeInbound(bytes)
            kept.append(bytes)
            client.transport.giveBack(bytes)
        }
        var all = random(500, seed: 0)
        for number in 1..<4 { all.writeImmutableBuffer(random(500, seed: UInt64(number))) }
        #expect(try client.read() == all)
        // What was handed out has not been written over.
        #expect(Set(kept.map { Array($0.readableBytesView) }).count == 4)
    }

    // MARK: Certificates

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `A client's certificates are shown as they came, and the handshake waits for the verdict`(
        version: TLSVersion
    ) throws {
        for isAccepted in [true, false] {
            let client = try TLSClient(
                self.client(version, certificate: "CP1"), of: context(clientCertificates: .required))
            try client.exchange()
            #expect(client.timesAsked == 1 && !client.isShaken)
            #expect(try client.session.clientCertificates(most: 9) == chain("CP1"))
            #expect(try client.session.clientCertificates(most: 1) == [chain("CP1")[0]])
            // Nothing that comes meanwhile is taken for more than it is.
            try client.exchange()
            #expect(!client.isShaken && client.received.readableBytes == 0)
            client.decide(isAccepted)
            try client.exchange()
            #expect(client.isShaken == isAccepted)
            #expect((client.fault == nil) == isAccepted)
            guard isAccepted else { continue }
            client.send(random(100))
            try client.exchange()
            #expect(client.received == random(100))
        }
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `Who shows no certificate is refused where one is required, and nobody is asked about him`(
        version: TLSVersion
    ) throws {
        let required = try TLSClient(self.client(version), of: context(clientCertificates: .required))
        try required.exchange()
        #expect(required.fault == TLSFault(name: "PEER_DID_NOT_RETURN_A_CERTIFICATE"))
        #expect(!required.isShaken && required.timesAsked == 0)
        let optional = try TLSClient(self.client(version), of: context(clientCertificates: .optional))
        try optional.exchange()
        #expect(optional.isShaken && optional.timesAsked == 0)
        #expect(optional.session.clientCertificates(most: 9).isEmpty)
    }

    @Test
    func `A certificate that nobody asked for is not sent`() throws {
        let client = try TLSClient(self.client(certificate: "CP1"), of: context())
        try client.exchange()
        #expect(client.isShaken && client.timesAsked == 0)
        #expect(client.session.clientCertificates(most: 9).isEmpty)
    }

    // MARK: What is not taken

    @Test
    func `A context takes no key of another certificate, no certificate and no key that is none`() throws {
        let server = try chain("server")
        let key = try serverKey("server")
        let others = try [
            (server, serverKey("CP1")), ([], key), ([[]], key), ([[0x30, 0x82, 0xFF, 0xFF]], key),
        ]
        for (chain, key) in others {
            #expect(throws: TLSFault.self) {
                _ = try TLSServerContext(
                    chain: chain, key: key, versions: (.v12, .v13), ciphers: defaultCipherSuites,
                    clientCertificates: .notAsked, authorities: [])
            }
        }
        #expect(throws: TLSFault.self) {
            _ = try TLSServerContext(
                chain: server, key: key, versions: (.v12, .v13), ciphers: defaultCipherSuites,
                clientCertificates: .optional, authorities: [[1, 2, 3]])
        }
    }

    @Test(arguments: [
        "EC", "EC, older form", "EC without its public part", "P-384", "RSA", "RSA, older form", "Ed25519",
    ])
    func `A server's key may be of any kind, and in any form, that openssl writes`(kind: String) throws {
        let name = kind.filter { $0.isLetter || $0.isNumber }
        let (make, form) =
            switch kind {
            case "EC": ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "cat made.key")
            case "EC, older form": ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "openssl ec -in made.key")
            case "EC without its public part":
                ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "openssl ec -in made.key -no_public")
            case "P-384": ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "cat made.key")
            case "RSA": ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "cat made.key")
            case "RSA, older form":
                ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "openssl rsa -in made.key -traditional")
            default: ("-algorithm ED25519", "cat made.key")
            }
        let folder = self.folder.appending(path: name)
        try CertificateMaker.make(
            in: folder,
            """
            openssl genpkey \(make) -out made.key; \(form) >form.key
            openssl req -x509 -new -key made.key -subj /CN=localhost -days 30 -out made.pem \\
                -addext subjectAltName=DNS:localhost
            """)
        let certificates = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "made.pem").path)
        let key = try TLSPrivateKey(pem: Array(Data(contentsOf: folder.appending(path: "form.key"))))
        let context = try TLSServerContext(
            chain: certificates.map { try $0.toDERBytes() }, key: key, versions: (.v12, .v13),
            ciphers: defaultCipherSuites, clientCertificates: .notAsked, authorities: [])
        for version in [TLSVersion.tlsv12, .tlsv13] {
            var configuration = try client(version)
            configuration.trustRoots = .certificates(certificates)
            configuration.verifySignatureAlgorithms = [
                .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .rsaPssRsaeSha256, .ed25519,
            ]
            let client = try TLSClient(configuration, of: context)
            try client.exchange()
            #expect(client.isShaken && client.fault == nil, "\(version)")
        }
    }

    @Test
    func `An encrypted key opens with its password alone, and what is no key is none`() throws {
        try CertificateMaker.make(in: folder.appending(path: "encrypted"), "key server; encrypted server")
        #expect(throws: Never.self) { try serverKey("encrypted/server-encrypted", password: "key-secret") }
        for password in ["", "key-secre", "key-secrets", String(repeating: "long", count: 1000)] {
            #expect(throws: TLSFault.self) { try serverKey("encrypted/server-encrypted", password: password) }
        }
        for text in ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            #expect(throws: TLSFault.self) { try TLSPrivateKey(pem: Array(text.utf8)) }
        }
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "HTTP_REQUEST"), ("CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTPS_PROXY_REQUEST"),
            ("\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", "WRONG_VERSION_NUMBER"),
        ])
    func `What is no TLS has a name`(bytes: String, name: String) throws {
        let client = try TLSClient(self.client(), of: context())
        client.take(ByteBuffer(string: bytes))
        #expect(client.fault == TLSFault(name: name))
    }

    @Test
    func `A client of an older version and one without a common suite are told so`() throws {
        let old = try TLSClient(self.client(.tlsv12), of: context(versions: (.v13, .v13)))
        try old.exchange()
        #expect(old.fault == TLSFault(name: "UNSUPPORTED_PROTOCOL"))
        let other = try TLSClient(
            self.client(.tlsv12), of: context(ciphers: "ECDHE-RSA-AES128-GCM-SHA256"))
        try other.exchange()
        #expect(other.fault == TLSFault(name: "NO_SHARED_CIPHER"))
    }

    @Test(arguments: 0..<40)
    func `Bytes that were changed on the way are never read as others`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let client = try TLSClient(self.client(seed % 2 == 0 ? .tlsv12 : .tlsv13), of: context())
        try client.exchange()
        client.send(self.random(5000))
        var bytes = ByteBuffer()
        while var more = try client.channel.readOutbound(as: ByteBuffer.self) { bytes.writeBuffer(&more) }
        let place = random.below(bytes.readableBytes)
        let byte = try #require(bytes.getInteger(at: place, as: UInt8.self))
        bytes.setInteger(byte ^ UInt8(1 + random.below(255)), at: place)
        client.take(bytes)
        // They are one record: it is found out, or waits for bytes that its changed length promises.
        #expect(client.received.readableBytes == 0 && !client.hasSaidGoodbye)
    }

    // MARK: The end

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `Each side says goodbye once, and the other hears it`(version: TLSVersion) throws {
        let client = try TLSClient(self.client(version), of: context())
        client.send(random(10))
        try client.exchange()
        client.session.sayGoodbye()
        #expect(throws: TLSFault.self) { try client.session.write(random(1)) }
        try client.exchange()
        // The client answers a goodbye by its own.
        #expect(client.hasSaidGoodbye && client.fault == nil && client.received == random(10))
    }
}
