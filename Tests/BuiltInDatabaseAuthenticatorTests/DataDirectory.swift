import Authentication
import CredentialChecking
import Foundation
import OutsideNames
import Synchronization

@testable import BuiltInDatabaseAuthenticator

/// A `data_dir` of one test, gone with it.
final class DataDirectory: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)").path
    /// Milliseconds that the clock is ahead.
    let clockAhead = Mutex<Int64>(0)

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func database(_ change: (inout BuiltInDatabaseConfiguration) -> Void = { _ in }) throws -> BuiltInDatabase {
        var configuration = BuiltInDatabaseConfiguration()
        configuration.directory = path
        change(&configuration)
        return try BuiltInDatabase(
            configuration,
            wallClock: { Int64(Date().timeIntervalSince1970 * 1000) + self.clockAhead.withLock { $0 } })
    }

    func write(_ text: String, to name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    func mode(of name: String = "") throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path + "/" + name)[.posixPermissions] as? Int
    }
}

extension BuiltInDatabase {
    func add(
        _ id: UserID, _ password: String = "secret", isSuperuser: Bool = false, securityProfile: Int? = nil
    ) async throws {
        _ = try await add(
            NewUser(
                StoredUser(id: id, isSuperuser: isSuperuser, securityProfile: securityProfile),
                password: Array(password.utf8)))
    }

    func listed(_ change: (inout UserQuery) -> Void = { _ in }) async throws -> [String] {
        var query = UserQuery()
        change(&query)
        return try await users(query).users.map(\.id.text)
    }

    /// Whether a charge point of this name comes in with the password; nil: the name is unknown.
    func letsIn(_ name: String, _ password: String) async throws -> Bool? {
        try await letsIn(name, Array(password.utf8))
    }

    func letsIn(_ name: String, _ password: [UInt8]) async throws -> Bool? {
        var settings = StoredPasswordSettings()
        settings.hash = configuration.hash
        settings.forms = configuration.forms
        let backend = StoredPasswordBackend(
            name: "built_in_database", source: self, settings: settings, logger: .init(label: "test"))
        let verdict = try await backend.verdict(
            on: Credentials(
                identity: ChargePointIdentity(name), userName: UserName(name), password: password,
                peerHost: "192.0.2.1", listener: "ocpp:ws:default"))
        switch verdict {
        case .accepted: return true
        case .refused(let refusal): return refusal.kind == .unknownIdentity ? nil : false
        }
    }
}
