import Authentication
import CredentialChecking
import Foundation
import OutsideNames
import TestSupport
import Testing

@testable import BuiltInDatabaseAuthenticator

/// authentication.md, "Backends", `built_in_database`; management.md, "Authentication and users".
struct BuiltInDatabaseTests {
    private let directory = DataDirectory()

    @Test func `The file is for its owner alone, and so are those beside it`() async throws {
        let database = try directory.database()
        try await database.add("CP1")
        #expect(try directory.mode() == 0o700)
        for name in ["users.sqlite3", "users.sqlite3-wal", "users.sqlite3-shm"] {
            #expect(try directory.mode(of: name) == 0o600)
        }
    }

    @Test func `A file that others may read is closed to them`() throws {
        let file = try directory.write("", to: "users.sqlite3")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        _ = try directory.database()
        #expect(try directory.mode(of: "users.sqlite3") == 0o600)
    }

    /// SQLite's locks are the process's: whoever closes another descriptor of the file drops them all.
    @Test func `Opened twice, it is not taken for closed by another process that reads it and goes`() async throws {
        let database = try directory.database()
        try await database.add("CP1")
        _ = try directory.database()
        let file = directory.path + "/users.sqlite3"
        let count = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            print(database.execute("SELECT count(*) FROM users").fetchone()[0])
            database.close()
            """
        #expect(try await run("python3", ["-c", count, file]) == "1")
        #expect(FileManager.default.fileExists(atPath: file + "-wal"))
        try await database.add("CP2")
        #expect(try await run("python3", ["-c", count, file]) == "2")
    }

    @Test func `What is no database, or cannot be made, is an error that names the file`() throws {
        let file = try directory.write(String(repeating: "no database ", count: 1000), to: "users.sqlite3")
        #expect { try directory.database() } throws: { "\($0)".contains(file) }
        #expect { try directory.database { $0.directory = file + "/below" } } throws: { "\($0)".contains(file) }
    }

    @Test func `A user comes in with the password and with no other`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "secret")
        #expect(try await database.letsIn("CP1", "secret") == true)
        for wrong in ["", "Secret", "secret\0", "' OR ''='", "a\r\nb", String(repeating: "x", count: 65_536)] {
            #expect(try await database.letsIn("CP1", wrong) == false)
        }
        #expect(try await database.letsIn("CP2", "secret") == nil)
    }

    @Test(arguments: [
        "' OR '1'='1", "\"; DROP TABLE users; --", "a\0b", "%", "*", "$ne", "a\r\nb", "Ünï", "cp1", "CP1 ",
    ])
    func `Hostile names are names`(name: String) async throws {
        let database = try directory.database()
        try await database.add("CP1", "secret")
        #expect(try await database.letsIn(name, "secret") == nil)
        try await database.add(UserID(name), "other")
        #expect(try await database.letsIn(name, "other") == true)
        #expect(try await database.letsIn("CP1", "other") == false)
        #expect(try await database.listed().contains(name))
        #expect(try await database.letsIn(String(repeating: "C", count: 65_536), "secret") == nil)
    }

    @Test func `Names are told apart by their bytes`() async throws {
        let database = try directory.database()
        try await database.add("K", "kelvin-less")
        try await database.add("\u{212A}", "kelvin")
        #expect(try await database.letsIn("K", "kelvin") == false)
        #expect(try await database.letsIn("\u{212A}", "kelvin") == true)
        #expect(try await database.user("\u{212A}")?.id == "\u{212A}")
    }

    @Test func `With clientid the identity is looked up`() async throws {
        let database = try directory.database { $0.idType = .identity }
        try await database.add("CP1")
        let credentials = Credentials(
            identity: "CP1", userName: "shared", password: [], peerHost: "::1", listener: "l")
        #expect(try await database.storedCredentials(for: credentials).count == 1)
        let byName = try directory.database()
        #expect(try await byName.storedCredentials(for: credentials) == [])
    }

    @Test func `A change by another one on the same file is seen at once`() async throws {
        let gateway = try directory.database()
        let other = try directory.database()
        let before = await gateway.changeCount()
        #expect(try await gateway.letsIn("CP1", "secret") == nil)
        try await other.add("CP1", "secret")
        #expect(try await gateway.letsIn("CP1", "secret") == true)
        _ = try await other.update("CP1", UserChange(password: Array("changed".utf8)))
        #expect(try await gateway.letsIn("CP1", "secret") == false)
        #expect(try await gateway.letsIn("CP1", "changed") == true)
        try await other.delete("CP1")
        #expect(try await gateway.letsIn("CP1", "changed") == nil)
        #expect(await gateway.changeCount() > before)
    }

    @Test func `Users are there after a restart`() async throws {
        try await directory.database().add("CP1", "secret", isSuperuser: true, securityProfile: 2)
        let again = try directory.database()
        #expect(try await again.user("CP1") == StoredUser(id: "CP1", isSuperuser: true, securityProfile: 2))
        #expect(try await again.letsIn("CP1", "secret") == true)
    }

    @Test func `The security profile and the superuser are handed on`() async throws {
        let database = try directory.database()
        try await database.add("CP1", isSuperuser: true, securityProfile: 3)
        let rows = try await database.storedCredentials(
            for: Credentials(identity: "CP1", userName: "CP1", password: [], peerHost: "::1", listener: "l"))
        #expect(rows.map(\.securityProfile) == [3])
        #expect(rows.map(\.isSuperuser) == [true])
    }

    @Test func `A key in hexadecimal is stored in capitals and is good in each form`() async throws {
        let key = "0001020304050607ffffffffffffffffffffffff"
        let database = try directory.database { $0.hash = .plain(.disable) }
        try await database.add("CP1", key)
        #expect(try await database.export().contains("CP1,\(key.uppercased()),,false"))
        for form in [Array(key.utf8), Array(key.uppercased().utf8), Hexadecimal.bytes(key.utf8) ?? []] {
            #expect(try await database.letsIn("CP1", form) == true)
        }
    }

    @Test func `The old password stays good for as long as it is said`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "old")
        _ = try await database.update("CP1", UserChange(password: Array("new".utf8), keepPrevious: .seconds(600)))
        #expect(try await database.letsIn("CP1", "old") == true)
        #expect(try await database.letsIn("CP1", "new") == true)
        directory.clockAhead.withLock { $0 = 601_000 }
        #expect(try await database.letsIn("CP1", "old") == false)
        #expect(try await database.letsIn("CP1", "new") == true)
    }

    @Test func `Without that the old password is gone at once, the one before it too`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "first")
        _ = try await database.update("CP1", UserChange(password: Array("second".utf8), keepPrevious: .seconds(600)))
        _ = try await database.update("CP1", UserChange(isSuperuser: true))
        #expect(try await database.letsIn("CP1", "first") == true)
        _ = try await database.update("CP1", UserChange(password: Array("third".utf8)))
        #expect(try await database.letsIn("CP1", "first") == false)
        #expect(try await database.letsIn("CP1", "second") == false)
        #expect(try await database.letsIn("CP1", "third") == true)
    }

    @Test func `A time without end is bounded and not a crash`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "old")
        _ = try await database.update(
            "CP1", UserChange(password: Array("new".utf8), keepPrevious: .seconds(Int64.max)))
        #expect(try await database.letsIn("CP1", "old") == true)
    }
}
