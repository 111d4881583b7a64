import Authentication
import CredentialChecking
import OutsideNames
import Testing

@testable import BuiltInDatabaseAuthenticator

/// What `ocpp-gateway users` does, on the file.
struct UserCommandTests {
    private let directory = DataDirectory()

    private func run(_ command: UserCommand, _ input: String = "") async throws -> String {
        try await command.run(on: directory.database(), input: Array(input.utf8))
    }

    @Test func `A user is added by the password on the input, listed, and deleted`() async throws {
        #expect(try await run(.add(StoredUser(id: "CP1", securityProfile: 2)), "secret\nrest") == "added CP1\n")
        #expect(try await run(.add(StoredUser(id: "CP2\u{1B}[2J", isSuperuser: true)), "x") == "added CP2\\u{1b}[2J\n")
        #expect(try await directory.database().letsIn("CP1", "secret") == true)
        #expect(
            try await run(.list(like: nil)) == "CP1\tsecurity profile 2\nCP2\\u{1b}[2J\tsuperuser\n")
        #expect(try await run(.list(like: "P1")) == "CP1\tsecurity profile 2\n")
        #expect(try await run(.delete("CP1")) == "deleted CP1\n")
        await #expect(throws: UserStoreFailure.notFound("CP1")) { try await run(.delete("CP1")) }
        await #expect(throws: UserStoreFailure.self) { try await run(.add(StoredUser(id: "CP1")), "\n") }
    }

    @Test func `What is exported is imported again`() async throws {
        _ = try await run(.importFile(.csv, .plain, override: false), "user_id,password\nCP1,one\nCP2,two\n")
        let text = try await run(.export)
        try await directory.database().delete("CP1")
        #expect(
            try await run(.importFile(.csv, .hash, override: false), text) == "2 rows: 1 added, 0 replaced, 1 skipped\n"
        )
        #expect(
            try await run(.importFile(.csv, .hash, override: true), text) == "2 rows: 0 added, 2 replaced, 0 skipped\n")
        #expect(try await directory.database().letsIn("CP1", "one") == true)
    }

    @Test func `A long list comes whole`() async throws {
        let rows = (0..<2500).map { "CP\($0),p\n" }.joined()
        _ = try await run(.importFile(.csv, .plain, override: false), "user_id,password\n" + rows)
        #expect(try await run(.list(like: nil)).split(separator: "\n").count == 2500)
    }
}
