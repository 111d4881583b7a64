import BuiltInDatabaseAuthenticator
import Foundation
import Management
import NIOCore
import Testing

@testable import Gateway

/// management.md, "Authentication and users", over a database in a folder of its own.
@Suite("Management: users of the built-in database")
struct ManagedUsersTests {
    private let folder = TemporaryFolder()

    private func store() throws -> ManagedUsers {
        var configuration = BuiltInDatabaseConfiguration()
        configuration.directory = folder.path
        return ManagedUsers(try BuiltInDatabase(configuration))
    }

    private func user(_ id: String) -> NewUser { NewUser(id: .init(id), password: Password(Array("secret".utf8))) }

    @Test func `A user is added once, changed, and deleted, and who is not there is nobody`() async throws {
        let users = try store()
        #expect(try await users.add(user("CP1")) == StoredUser(id: "CP1", isSuperuser: false))
        await #expect(throws: OperationFailure.alreadyExists("user CP1 is there already")) {
            try await users.add(user("CP1"))
        }
        #expect(try await users.change("CP1", UserChange(isSuperuser: true, securityProfile: 2))?.securityProfile == 2)
        #expect(try await users.change("CP1", UserChange())?.securityProfile == 2)
        #expect(try await users.user("CP1")?.isSuperuser == true)
        #expect(try await users.change("CP2", UserChange(isSuperuser: true)) == nil)
        #expect(try await users.user("CP2") == nil)
        #expect(try await users.delete("CP2") == false)
        #expect(try await users.delete("CP1"))
        #expect(try await users.user("CP1") == nil)
    }

    @Test func `A page is the part of the list that its offset names, and counts all that match`() async throws {
        let users = try store()
        for number in 1...5 { _ = try await users.add(user("CP\(number)")) }
        let page = try await users.users(UserQuery(offset: 2, limit: 2))
        #expect(page.users.map(\.id.text) == ["CP3", "CP4"] && page.count == 5)
        #expect(try await users.users(UserQuery(offset: 4, limit: 2)).users.map(\.id.text) == ["CP5"])
        #expect(try await users.users(UserQuery(like: "P5", limit: 10)).count == 1)
    }

    @Test func `What is exported can be imported, and a bad row is refused with its number`() async throws {
        let users = try store()
        _ = try await users.add(user("CP1"))
        let piece = try await users.exportUsers(after: nil)
        #expect(piece.last == nil)
        _ = try await users.delete("CP1")
        let result = try await users.importUsers(
            UserImport(format: .csv, content: .hash, overrides: false, bytes: piece.bytes))
        #expect(result == UserImportResult(total: 1, success: 1, overridden: 0, skipped: 0, failed: 0))
        let bad = ByteBuffer(string: "user_id,password,is_superuser\nCP2,x,false\n,x,false\n")
        do throws(OperationFailure) {
            _ = try await users.importUsers(UserImport(format: .csv, content: .plain, overrides: false, bytes: bad))
            Issue.record("imported")
        } catch {
            guard case .refused(let words) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(words.contains("2"))
        }
        #expect(try await users.user("CP2") == nil)
    }
}

/// A folder that is gone when this is.
final class TemporaryFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
