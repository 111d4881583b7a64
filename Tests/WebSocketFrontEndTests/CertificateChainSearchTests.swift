import NIOCore
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import WebSocketFrontEnd

@Suite("The search for a chain from a client's certificate, bounded in steps")
struct CertificateChainSearchTests {
    private static func certificates(_ name: String) throws -> [Certificate] {
        let path = try TestCertificates.shared.get().path(name)
        return try NIOSSLCertificate.fromPEMFile(path).map { try Certificate(derEncoded: $0.toDERBytes()) }
    }

    @Test
    func `Certificates of one subject and key count once, whatever else differs`() async throws {
        let chain = try Self.certificates("twinned.pem")
        #expect(chain.count == 9)
        let leaf = try #require(chain.first)
        var search = CertificateChainSearch(authorities: [:], shown: chain.dropFirst())
        guard case .refused(nil) = await search.run(from: leaf, judge: { _ in nil }) else {
            Issue.record("a chain to nobody")
            return
        }
        // The leaf's signature, and the twin's own.
        #expect(search.steps <= 2)
    }

    @Test
    func `The chain is found through what stands between, in any order`() async throws {
        let chain = try Self.certificates("deep.pem")
        let authorities = Dictionary(grouping: try Self.certificates("ca.pem"), by: \.subject)
        let leaf = try #require(chain.first)
        var search = CertificateChainSearch(authorities: authorities, shown: chain.dropFirst().reversed())
        var found: [Certificate] = []
        guard
            case .accepted = await search.run(
                from: leaf,
                judge: {
                    found = $0
                    return nil
                })
        else {
            Issue.record("no chain")
            return
        }
        #expect(found.count == 4)
        #expect(search.steps <= CertificateChainSearch.mostSteps)
    }

    @Test
    func `Nothing more is checked for a client that has gone`() async throws {
        let chain = try Self.certificates("deep.pem")
        let leaf = try #require(chain.first)
        var search = CertificateChainSearch(authorities: [:], shown: chain.dropFirst(), isWanted: { false })
        guard case .tooManySteps = await search.run(from: leaf, judge: { _ in nil }) else {
            Issue.record("a search for nobody")
            return
        }
        #expect(search.steps == 0)
    }

    @Test
    func `What is shown behind depth and two certificates is not looked at`() async throws {
        let authorities = try Self.certificates("ca.pem")
        let revocation = try RevocationLists(file: nil, authorities: authorities)
        let shown = try (try Self.certificates("deep.pem") + authorities).map { certificate in
            var serializer = DER.Serializer()
            try certificate.serialize(into: &serializer)
            return serializer.serializedBytes
        }
        for (depth, isAccepted) in [(2, true), (1, false)] {
            let verifier = ClientCertificateVerifier(authorities: authorities, revocation: revocation, depth: depth)
            // Garbage behind what is looked at.
            let verdict = await verifier.verify(shown + [[], [0x30], []])
            if case .accepted = verdict { #expect(isAccepted) } else { #expect(!isAccepted) }
        }
    }

    @Test
    func `Beyond a queue's length no verification is begun`() async {
        let threads = CertificateThreads(count: 1, longestQueue: 1)
        let (hold, release) = AsyncStream<Void>.makeStream()
        let first = threads.run({ for await _ in hold {} }, then: { _ in })
        #expect(first != nil)
        #expect(threads.run({}, then: { _ in }) == nil)
        release.finish()
        await first?.value
        #expect(threads.run({}, then: { _ in }) != nil)
    }

    @Test
    func `A revocation list's signature is checked once, not in each handshake`() throws {
        let bytes = try TLSFile.read(try TestCertificates.shared.get().path("ca.der"), .revocation)
        let list = SignedRevocationList(try RevocationList(der: bytes[...]))
        let authority = try #require(try Self.certificates("ca.pem").first)
        let other = try #require(try Self.certificates("other.pem").first)
        for _ in 0..<5 { #expect(list.isSigned(by: authority) && !list.isSigned(by: other)) }
        #expect(list.checkCount == 2)
    }
}
