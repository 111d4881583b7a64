import Foundation
import TestSupport

/// A folder for the users of the gateway's own database, gone with whoever holds it, and the settings that use it.
final class BuiltInUsers: Sendable {
    let folder = FileManager.default.temporaryDirectory.appending(path: "users-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func settings(_ own: [String: String] = [:]) -> [String: String] {
        ["AUTHENTICATION_BACKEND": "built_in_database", "DATA_DIR": folder.appending(path: "data").path]
            .merging(PatientTimes.handshake) { $1 }
            .merging(own) { $1 }
    }

    /// The same with a file of users that is read at start.
    func settings(bootstrap: String, name: String = "users.csv", _ own: [String: String] = [:]) throws -> [String:
        String]
    {
        let file = folder.appending(path: name)
        try Data(bootstrap.utf8).write(to: file)
        return settings(["AUTHENTICATION_BOOTSTRAP_FILE": file.path].merging(own) { _, own in own })
    }

    /// Runs a test against a gateway with these users, whose folder is there until it ends.
    func withSite(
        bootstrap: String, name: String = "users.csv", _ own: [String: String] = [:],
        _ body: @escaping @Sendable (Site) async throws -> Void
    ) async throws {
        try await IntegrationTests.withSite(try settings(bootstrap: bootstrap, name: name, own), body)
    }

    func withSite(_ own: [String: String] = [:], _ body: @escaping @Sendable (Site) async throws -> Void) async throws {
        try await IntegrationTests.withSite(settings(own), body)
    }
}
