import Authentication
import OutsideNames
import Synchronization
import Testing

@testable import CredentialChecking

/// authentication.md, "Outcomes", for backends that decide by themselves.
struct DirectVerdictBackendTests {
    private final class Fixed: VerdictSource {
        let result: Result<BackendVerdict, BackendFailure>
        let asked = Mutex<[ChargePointIdentity]>([])

        init(_ result: Result<BackendVerdict, BackendFailure>) {
            self.result = result
        }

        func verdict(for credentials: Credentials) async throws(BackendFailure) -> BackendVerdict {
            asked.withLock { $0.append(credentials.identity) }
            return try result.get()
        }
    }

    private func credentials(user: UserName? = "CP1") -> Credentials {
        Credentials(identity: "CP1", userName: user, peerHost: "::1", listener: "ocpp:ws:default")
    }

    private func backend(_ source: Fixed) -> DirectVerdictBackend {
        DirectVerdictBackend(name: "http", source: source, settings: .init())
    }

    @Test func `What it says is the verdict`() async throws {
        let cases: [(BackendVerdict, AuthenticationVerdict)] = [
            (
                .accept(userName: "CP1", expiry: 7, securityProfile: 2),
                .accepted(.init(userName: "CP1", expiry: 7, securityProfile: 2))
            ),
            (.deny(reason: "no"), .refused(.init(.wrongCredentials, reason: "no"))),
            (.unknown, .refused(.init(.unknownIdentity, reason: "unknown identity"))),
        ]
        for (said, expected) in cases {
            #expect(try await backend(Fixed(.success(said))).verdict(on: credentials()) == expected)
        }
        let failure = BackendFailure(.nonsense, reason: "418", retryAfter: 3)
        await #expect(throws: failure) { try await backend(Fixed(.failure(failure))).verdict(on: credentials()) }
    }

    @Test func `It is asked without credentials, and not with a foreign user name`() {
        let backend = backend(Fixed(.success(.unknown)))
        #expect(backend.refusalUnasked(credentials(user: nil)) == nil)
        #expect(backend.refusalUnasked(credentials(user: "CP2"))?.kind == .wrongCredentials)
    }

    @Test func `Nobody is asked about to find out whether it is there`() async throws {
        let source = Fixed(.success(.unknown))
        try await backend(source).probe()
        #expect(!backend(source).canBeProbed)
        #expect(source.asked.withLock { $0 } == [])
    }
}
