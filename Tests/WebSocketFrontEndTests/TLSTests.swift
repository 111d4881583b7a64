import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import WebSocketFrontEnd

@Suite("TLS of a listener, over a socket", .timeLimit(.minutes(2)))
struct TLSTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates.shared.get()
    }

    private func listener(
        _ tls: TLSOptions, _ change: (inout ListenerConfiguration) -> Void = { _ in }
    ) -> ListenerConfiguration {
        RunningListener.configuration {
            $0.tls = tls
            change(&$0)
        }
    }

    // MARK: Versions, ciphers, keys

    @Test(
        arguments: [TLSVersion.tlsv12, .tlsv13])
    func `TLS 1.2 and 1.3 are spoken, through the intermediate certificate in certfile`(version: TLSVersion)
        async throws
    {
        try await RunningListener.run(listener(certificates.options())) { running in
            let (client, session) = try await running.connected(tls: try certificates.client(version: version))
            try await client.send(bytes: RawClient.text("[2,\"1\",\"Heartbeat\",{}]"))
            #expect(try await session.events.next() == .text("[2,\"1\",\"Heartbeat\",{}]"))
            try await session.onLoop { $0.send(text: ByteBuffer(string: "[3,\"1\",{}]")) }
            #expect(try await client.frame() == .text("[3,\"1\",{}]"))
            try await client.send(bytes: RawClient.close(1000))
            #expect(try await client.frame().closeCode == 1000)
            #expect(try await client.closedByServer())
        }
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11])
    func `TLS 1.1 and 1.0 are refused unless they are named`(version: TLSVersion) async throws {
        let client = try certificates.client(version: version)
        try await RunningListener.run(listener(certificates.options())) { running in
            let raw = try await running.client(tls: client)
            #expect(try await raw.closedByServer())
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == nil && refusal.peer.description.hasPrefix("127.0.0.1:"))
            #expect(refusal.reason.contains("no TLS version of ssl_options.versions"), "\(refusal.reason)")
        }
        try await RunningListener.run(listener(certificates.options { $0.versions = .v10 ... .v13 })) { running in
            _ = try await running.connected(tls: client)
        }
    }

    @Test
    func `A listener that names TLS 1.3 alone refuses 1.2`() async throws {
        try await RunningListener.run(listener(certificates.options { $0.versions = .v13 ... .v13 })) { running in
            let client = try await running.client(tls: try certificates.client(version: .tlsv12))
            #expect(try await client.closedByServer())
            #expect(try await running.admission.refusals.next().reason.contains("no TLS version"))
        }
    }

    @Test
    func `Only the cipher suites that are named are taken, by IANA or OpenSSL name`() async throws {
        let options = certificates.options {
            $0.ciphers = ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
        }
        try await RunningListener.run(listener(options)) { running in
            _ = try await running.connected(
                tls: try certificates.client(version: .tlsv12, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384"))
            let client = try await running.client(
                tls: try certificates.client(version: .tlsv12, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256"))
            #expect(try await client.closedByServer())
            #expect(try await running.admission.refusals.next().reason.contains("no cipher suite"))
        }
    }

    @Test
    func `Every cipher suite that can be named is one that the TLS library has`() throws {
        for name in ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA", "AES128-SHA"] {
            #expect(certificates.options { $0.ciphers = [name] }.problems.isEmpty, "\(name)")
        }
        #expect(certificates.options { $0.ciphers = ["ROT13"] }.problems.map(\.option) == [.ciphers])
    }

    @Test
    func `An encrypted key needs its password, and neither it nor the key is ever shown`() async throws {
        var options = certificates.options { $0.keyFile = certificates.path("server-encrypted.key") }
        #expect(options.problems.map(\.option) == [.password])
        options.keyPassword = "wrong-secret"
        #expect(options.problems.map(\.option) == [.password])
        #expect(!"\(options) \(options.problems)".contains("secret"))
        var dumped = ""
        dump(options, to: &dumped)
        #expect(!dumped.contains("secret"))
        options.keyPassword = "key-secret"
        try await RunningListener.run(listener(options)) { running in
            _ = try await running.connected(tls: try certificates.client())
        }
    }

    @Test
    func `A key that TLS cannot sign with is a problem that says so, and not that of another certificate`() throws {
        let folder = certificates.folder.appending(path: "p224")
        try CertificateMaker.make(
            in: folder,
            """
            openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224 -out made.key
            openssl req -x509 -new -key made.key -subj /CN=localhost -days 30 -out made.pem
            """)
        let problems = certificates.options {
            $0.certificateFile = folder.appending(path: "made.pem").path
            $0.keyFile = folder.appending(path: "made.key").path
        }.problems
        #expect(problems.map(\.option) == [.keyfile])
        #expect(problems.first?.reason.hasPrefix("expected one that TLS can use (") == true, "\(problems)")
        let other = certificates.options { $0.keyFile = certificates.path("server2.key") }.problems
        #expect(other.map(\.reason) == ["expected the key of the certificate in ssl_options.certfile"])
    }

    @Test
    func `A file that cannot be used is a problem that names its key`() async throws {
        let bad: [(TLSProblem.Option, (inout TLSOptions) -> Void)] = [
            (.certfile, { $0.certificateFile = "/nowhere.pem" }),
            (.certfile, { $0.certificateFile = certificates.path("server.key") }),
            (.keyfile, { $0.keyFile = certificates.path("ca.pem") }),
            (.keyfile, { $0.keyFile = certificates.path("server2.key") }),
            (.cacertfile, { $0.authorityFile = certificates.path("server.key") }),
            (.revocation, { $0.revocationFile = certificates.path("ca.pem") }),
            (.revocation, { $0.revocationFile = certificates.path("server.key") }),
            (.revocation, { $0.revocationFile = certificates.folder.path }),
        ]
        for (option, change) in bad {
            let problems = certificates.verifying(change).problems
            #expect(problems.map(\.option) == [option], "\(problems)")
            await #expect(throws: ListenerError.self) {
                try await RunningListener.run(listener(certificates.verifying(change))) { _ in }
            }
        }
    }

    // MARK: Client certificates

    struct Refused: Sendable, CustomTestStringConvertible {
        var certificate: String?
        var reason: String
        var lists: String?
        var testDescription: String { "\(certificate ?? "none"), \(lists ?? "no lists")" }
    }

    static let refused = [
        Refused(certificate: nil, reason: "the client shows no certificate"),
        Refused(certificate: "foreign", reason: "no authority in ssl_options.cacertfile vouches for it"),
        Refused(certificate: "expired", reason: "expired on 2020-02-01T00:00:00Z"),
        Refused(certificate: "future", reason: "not valid before 2040-01-01T00:00:00Z"),
        Refused(certificate: "deep", reason: "too deep: 2 certificates"),
        Refused(certificate: "webserver", reason: "may not be used by a client"),
        Refused(certificate: "revoked", reason: "revoked by CN=ca", lists: "ca.crl"),
        Refused(certificate: "revoked", reason: "revoked by CN=ca", lists: "ca.der"),
        Refused(certificate: "revoked", reason: "revoked by CN=ca", lists: "two.der"),
        Refused(certificate: "CP1", reason: "has no revocation list of CN=ca", lists: "middle.crl"),
        Refused(certificate: "CP1", reason: "is out of date since", lists: "old.crl"),
    ]

    @Test(
        arguments: refused, [TLSVersion.tlsv12, .tlsv13])
    func `A client certificate is refused with a log line that says why, whatever the TLS version`(
        refused: Refused, version: TLSVersion
    ) async throws {
        let options = certificates.verifying {
            $0.depth = 1
            $0.revocationFile = refused.lists.map(certificates.path)
        }
        if refused.lists == "old.crl" { try await Self.wait(until: 1, after: certificates.path("old.crl")) }
        try await RunningListener.run(listener(options)) { running in
            let tls = try certificates.client(certificate: refused.certificate, version: version)
            let client = try await running.client(tls: tls)
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == nil && refusal.listener.name == "default")
            #expect(refusal.reason.contains(refused.reason), "\(refusal.reason)")
            if let certificate = refused.certificate, certificate != "foreign" {
                #expect(refusal.reason.contains("CN=CP1") || certificate == "revoked", "\(refusal.reason)")
            }
            #expect(try await client.closedByServer())
            #expect(running.admission.numberOfRefusals == 1)
        }
    }

    /// `old.crl` is in force for one second after it was made.
    private static func wait(until seconds: Int, after path: String) async throws {
        let made = try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
        while Date().timeIntervalSince(made) < Double(seconds) + 2 { try await Task.sleep(for: .milliseconds(50)) }
    }

    @Test(
        arguments: [("CP1", "ca.crl"), ("CP1", "two.der"), ("deep", "all.crl"), ("deep", nil)])
    func `A client certificate of a trusted authority is accepted, through intermediate ones and with lists for all`(
        name: String, lists: String?
    ) async throws {
        let options = certificates.verifying { $0.revocationFile = lists.map(certificates.path) }
        try await RunningListener.run(listener(options)) { running in
            _ = try await running.connected(tls: try certificates.client(certificate: name))
        }
    }

    @Test
    func `Without fail_if_no_peer_cert a client may come without a certificate, but not with a bad one`() async throws {
        let options = certificates.verifying { $0.requiresPeerCertificate = false }
        try await RunningListener.run(listener(options)) { running in
            _ = try await running.connected(tls: try certificates.client())
            _ = try await running.client(tls: try certificates.client(certificate: "foreign"))
            #expect(try await running.admission.refusals.next().reason.contains("no authority"))
        }
    }

    @Test
    func `The name in the certificate must be the identity, or the answer is 401 and a log line`() async throws {
        let cases: [(CertificateIdentity, String, Bool)] = [
            (.commonName, "CP1", true), (.commonName, "CP2", false), (.commonName, "cp1", false),
            (.commonName, "CP1-san", false), (.alternativeName, "CP1-san", true),
            (.alternativeName, "urn:cp:1", true), (.alternativeName, "CP1", false),
        ]
        for (source, identity, isAccepted) in cases {
            let configuration = listener(certificates.verifying()) { $0.identityFromCertificate = source }
            try await RunningListener.run(configuration) { running in
                let request = RawClient.handshake(target: "/ocpp/\(identity)")
                let (response, _) = try await running.exchange(
                    request, hasBody: false, tls: try certificates.client(certificate: "CP1"))
                #expect(response.status == (isAccepted ? 101 : 401), "\(source) \(identity)")
                guard !isAccepted else { return }
                #expect(response.headers["www-authenticate"] == "Basic realm=\"ocpp\"")
                let refusal = try await running.admission.refusals.next()
                #expect(refusal.status == 401 && refusal.identity?.text == identity)
                #expect(refusal.reason.contains("the identity"), "\(refusal.reason)")
            }
        }
    }

    @Test
    func `The authenticator is shown the verified certificate, and the session its security profile`() async throws {
        let admission = StubAdmission(authenticator: { _ in .accepted(.init(securityProfile: 3)) })
        let configuration = listener(certificates.verifying { $0.requiresPeerCertificate = false })
        try await RunningListener.run(configuration, admission: admission) { running in
            let (accepted, _) = try await running.exchange(
                RawClient.handshake(), hasBody: false, tls: try certificates.client(certificate: "CP1"))
            #expect(accepted.status == 101)
            let asked = try await admission.credentials.next()
            #expect(asked.isEncrypted && asked.listener == "ocpp:wss:default")
            let pem = try #require(try NIOSSLCertificate.fromPEMFile(certificates.path("CP1.pem")).first)
            #expect(try asked.certificate?.der == pem.toDERBytes())
            #expect(asked.certificate?.commonName == "CP1" && asked.certificate?.subject == "CN=CP1")
            #expect(try await admission.sessions.next().handshake.securityProfile == .certificate)
            // TLS alone is not enough for it.
            let (refused, _) = try await running.exchange(RawClient.handshake(), tls: try certificates.client())
            #expect(refused.status == 401)
            #expect(try await admission.refusals.next().reason == "security profile 3 needs a client certificate")
        }
    }

    @Test
    func `A client without a certificate has no identity from one`() async throws {
        let configuration = listener(certificates.verifying { $0.requiresPeerCertificate = false }) {
            $0.identityFromCertificate = .commonName
        }
        try await RunningListener.run(configuration) { running in
            let (response, _) = try await running.exchange(
                RawClient.handshake(), hasBody: false, tls: try certificates.client())
            #expect(response.status == 401)
        }
    }

    // MARK: Hostile and slow clients

    @Test
    func `TLS garbage, plain HTTP and silence are closed, each with its log line, and others are served`() async throws
    {
        let options = certificates.options { $0.handshakeTimeout = .seconds(12) }
        try await RunningListener.run(listener(options)) { running in
            let http = try await running.client()
            try await http.send(RawClient.handshake())
            _ = try await http.closedByServer()
            #expect(try await running.admission.refusals.next().reason.contains("plain HTTP on a TLS listener"))

            let noise = try await running.client()
            try await noise.send(bytes: (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 7) })
            _ = try await noise.closedByServer()
            #expect(try await running.admission.refusals.next().reason.contains("TLS handshake failed"))

            let silent = try await running.client()
            // A record that is announced and never comes to its end.
            let half = try await running.client()
            try await half.send(bytes: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
            _ = try await running.connected(tls: try certificates.client())
            #expect(try await silent.closedByServer())
            #expect(try await half.closedByServer())
            for _ in 0..<2 {
                #expect(try await running.admission.refusals.next().reason == "TLS handshake time-out")
            }
            #expect(running.admission.numberOfRefusals == 4)
        }
    }

    @Test
    func `A client that connects and goes, as a load balancer's probe does, is no line in the log`() async throws {
        try await RunningListener.run(listener(certificates.options())) { running in
            let probe = try await running.client()
            try await probe.close()
            let http = try await running.client()
            try await http.send("GET / HTTP/1.1\r\n\r\n")
            #expect(try await running.admission.refusals.next().reason.contains("plain HTTP"))
            #expect(running.admission.numberOfRefusals == 1)
        }
    }

    @Test
    func `A client that completes TLS and says nothing more is closed by the handshake time-out, with one line`()
        async throws
    {
        let configuration = listener(certificates.options()) { $0.handshakeTimeout = .seconds(12) }
        try await RunningListener.run(configuration) { running in
            let client = try await running.client(tls: try certificates.client())
            #expect(try await client.closedByServer())
            #expect(try await running.admission.refusals.next().reason.contains("time-out"))
            #expect(running.admission.numberOfRefusals == 1)
        }
    }

    @Test
    func `A peer that stops reading is closed in the end, goodbye or not, and keeps nobody of its event loop waiting`()
        async throws
    {
        let options = listener(certificates.options()) { $0.sendTimeout = .milliseconds(200) }
        try await RunningListener.run(options) { running in
            let tls = try certificates.client()
            let (client, session) = try await running.connected(tls: tls)
            try await client.channel.setOption(.autoRead, value: false).get()
            _ = try await session.onLoop { connection in
                // More than the kernel takes for a peer that does not read.
                while connection.isTakenAtOnce { connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000)) }
            }
            #expect(try await session.events.next().endReason == .sendTimeout)
            var others: [(RawClient, StubSession)] = []
            // Some of them are on its event loop.
            for _ in 0..<8 { others.append(try await running.connected(tls: tls)) }
            // The goodbye lies behind what is not read: for a while the connection is there without its session.
            while running.listener.connectionCount > others.count {
                for (other, itsSession) in others {
                    try await other.send(bytes: RawClient.text("served"))
                    #expect(try await itsSession.events.next() == .text("served"))
                }
            }
            try await client.close()
        }
    }
}
