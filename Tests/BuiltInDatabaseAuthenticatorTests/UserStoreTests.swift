import Authentication
import CredentialChecking
import OutsideNames
import Testing

@testable import BuiltInDatabaseAuthenticator

/// management.md, "Authentication and users".
struct UserStoreTests {
    private let directory = DataDirectory()

    @Test func `Users are listed by pages in the order of their bytes`() async throws {
        let database = try directory.database()
        for name in ["b", "a", "B", "ä", "a1", "Z"] { try await database.add(UserID(name)) }
        #expect(try await database.listed() == ["B", "Z", "a", "a1", "b", "ä"])
        #expect(
            try await database.listed {
                $0.page = 2
                $0.limit = 4
            } == ["b", "ä"])
        var query = UserQuery()
        query.page = 3
        query.limit = 4
        #expect(try await database.users(query) == UserPage(users: [], count: 6))
        query.page = .max
        query.limit = .max
        #expect(try await database.users(query) == UserPage(users: [], count: 6))
    }

    @Test func `A part of the id and the superuser are filters`() async throws {
        let database = try directory.database()
        try await database.add("CP1")
        try await database.add("CP10", isSuperuser: true)
        try await database.add("x%y")
        #expect(try await database.listed { $0.like = "P1" } == ["CP1", "CP10"])
        #expect(try await database.listed { $0.like = "%" } == ["x%y"])
        #expect(try await database.listed { $0.like = "_" } == [])
        #expect(try await database.listed { $0.isSuperuser = true } == ["CP10"])
        #expect(
            try await database.listed {
                $0.like = "CP"
                $0.isSuperuser = false
            } == ["CP1"])
    }

    @Test func `A user is there once`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "secret")
        await #expect(throws: UserStoreFailure.exists("CP1")) { try await database.add("CP1", "other") }
        #expect(try await database.letsIn("CP1", "secret") == true)
    }

    @Test func `Who is not there is not found`() async throws {
        let database = try directory.database()
        #expect(try await database.user("CP1") == nil)
        await #expect(throws: UserStoreFailure.notFound("CP1")) { try await database.delete("CP1") }
        await #expect(throws: UserStoreFailure.notFound("CP1")) {
            try await database.update("CP1", UserChange(password: [1]))
        }
    }

    @Test func `An id is 1 to 255 bytes`() async throws {
        let database = try directory.database()
        for name in ["", String(repeating: "x", count: 256), String(repeating: "ä", count: 128)] {
            await #expect(throws: UserStoreFailure.self) { try await database.add(UserID(name)) }
        }
        try await database.add(UserID(String(repeating: "x", count: 255)))
        #expect(try await database.users(UserQuery()).count == 1)
    }

    @Test func `What cannot be stored is an error without the password`() async throws {
        let database = try directory.database { $0.hash = .bcrypt(saltRounds: 5) }
        for password in ["", "pass\0word"] {
            await #expect {
                try await database.add("CP1", password)
            } throws: {
                !"\($0)".contains("pass\0") && $0 is UserStoreFailure
            }
        }
        await #expect(throws: UserStoreFailure.self) { try await database.add("CP1", securityProfile: 4) }
        try await database.add("CP1")
        await #expect(throws: UserStoreFailure.self) {
            try await database.update("CP1", UserChange(securityProfile: 0))
        }
        await #expect(throws: UserStoreFailure.self) {
            try await database.update("CP1", UserChange(keepPrevious: .seconds(1)))
        }
    }

    @Test func `A change leaves what it does not name`() async throws {
        let database = try directory.database()
        try await database.add("CP1", "secret", isSuperuser: true, securityProfile: 2)
        #expect(
            try await database.update("CP1", UserChange(isSuperuser: false))
                == StoredUser(id: "CP1", isSuperuser: false, securityProfile: 2))
        #expect(try await database.letsIn("CP1", "secret") == true)
        #expect(try await database.update("CP1", UserChange(securityProfile: .some(nil))).securityProfile == nil)
        #expect(try await database.user("CP1") == StoredUser(id: "CP1"))
    }

    @Test func `Nothing that describes a new user shows the password`() {
        let user = NewUser(StoredUser(id: "CP1"), password: Array("secret".utf8))
        let change = UserChange(password: Array("secret".utf8))
        let file = UserFile(bytes: Array("secret".utf8), format: .csv, secret: .plain)
        for value in [user, change, file] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            #expect(!"\(value)\(dumped)".contains("115"))
            #expect(!"\(value)\(dumped)".contains("secret"))
        }
    }
}
