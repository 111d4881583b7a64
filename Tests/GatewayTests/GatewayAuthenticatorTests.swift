import Foundation
import Logging
import Testing

@testable import Gateway

@Suite("An authenticator is made of its settings")
struct GatewayAuthenticatorTests {
    private typealias Backend = AuthenticationSettings.Backend

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The least that must be said of each.
    private func least(_ backend: Backend) -> [String: String] {
        switch backend {
        case .none, .broker, .builtInDatabase, .redis: [:]
        case .mysql: ["AUTHENTICATION_DATABASE": "cp"]
        case .postgresql: ["AUTHENTICATION_DATABASE": "cp", "AUTHENTICATION_USERNAME": "gw"]
        case .mongodb: ["AUTHENTICATION_DATABASE": "cp", "AUTHENTICATION_COLLECTION": "points"]
        case .http: ["AUTHENTICATION_URL": "http://127.0.0.1:1/auth"]
        case .jwt: ["AUTHENTICATION_SECRET": "a s3cr3t of 32 bytes and some more"]
        }
    }

    private func settings(_ backend: Backend) throws -> AuthenticationSettings {
        try load(least(backend).merging(["AUTHENTICATION_BACKEND": backend.rawValue]) { $1 })
            .configuration.authentication
    }

    @Test(arguments: AuthenticationSettings.Backend.allCases.filter(\.isAsked).map(\.rawValue))
    func `Every backend that is asked has an authenticator, though its server is away`(name: String) async throws {
        let backend = try #require(Backend(rawValue: name))
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let made = try await GatewayAuthenticator.make(
            try settings(backend), directory: directory.path, logger: logger)
        #expect(made?.backendName == name)
        await made?.stop()
    }

    @Test func `Where the backend that is asked for is missing nobody is let in, and without one everybody`()
        async throws
    {
        var settings = try settings(.http)
        settings.own = nil
        await #expect(throws: (any Error).self) { [settings] in
            _ = try await GatewayAuthenticator.make(settings, directory: "/nowhere", logger: logger)
        }
        settings.isEnabled = false
        let made = try await GatewayAuthenticator.make(settings, directory: "/nowhere", logger: logger)
        #expect(made == nil)
    }

    @Test func `A common key has no effect where the backend makes nothing of it`() {
        let keys = [
            "unknown_identity", "timeout", "pool_size", "connect_timeout", "ssl.enable", "query_timeout", "username",
            "password", "password_file", "password_forms", "password_hash_algorithm.name",
        ].map { "authentication." + $0 }
        #expect(Backend.mysql.withoutEffect(keys) == [])
        #expect(Backend.http.withoutEffect(keys) == Array(keys[5...]))
        #expect(Backend.builtInDatabase.withoutEffect(keys) == Array(keys[2...8]))
        #expect(Backend.none.withoutEffect(keys) == keys)
    }
}
