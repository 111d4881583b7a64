import Authentication
import CredentialChecking
import Logging
import OutsideNames
import Testing

@testable import BuiltInDatabaseAuthenticator

/// authentication.md, "Load": many at once, on the real file.
struct HandshakeStormTests {
    private let directory = DataDirectory()

    @Test func `Of 2000 at once each has its own verdict, and the memory of refusals ends with a change`() async throws
    {
        let database = try directory.database()
        let rows = (0..<200).map { "CP\($0),password-\($0)\n" }.joined()
        _ = try await database.add(
            UserFile(bytes: Array(("user_id,password\n" + rows).utf8), format: .csv, secret: .plain))
        var configuration = AuthenticationGateConfiguration()
        // Nobody's time is over on a slow machine.
        configuration.timeout = .seconds(600)
        let gate = AuthenticationGate(
            backend: StoredPasswordBackend(
                name: "built_in_database", source: database, settings: .init(), logger: Logger(label: "test")),
            configuration: configuration, logger: Logger(label: "test"))

        let wrongVerdicts = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    // A third each: right, wrong, unknown.
                    let name = number % 3 == 2 ? "XX\(number)" : "CP\(number % 200)"
                    let password = number % 3 == 0 ? "password-\(number % 200)" : "password-\(number)x"
                    let verdict = await gate.authenticate(credentials(name, password, number))
                    return AuthenticationResult(verdict) != [.allow, .deny, .unknown][number % 3]
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(wrongVerdicts == 0)
        #expect(gate.results.value(.allow) == 667)

        #expect(AuthenticationResult(await gate.authenticate(credentials("NEW", "secret", 1))) == .unknown)
        try await directory.database().add("NEW", "secret")
        #expect(AuthenticationResult(await gate.authenticate(credentials("NEW", "secret", 1))) == .allow)
    }

    private func credentials(_ name: String, _ password: String, _ number: Int) -> Credentials {
        Credentials(
            identity: ChargePointIdentity(name), userName: UserName(name), password: Array(password.utf8),
            peerHost: "192.0.2.\(number)", listener: "ocpp:ws:default")
    }
}
