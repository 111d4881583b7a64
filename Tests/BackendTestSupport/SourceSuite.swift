import CredentialChecking
import Foundation
import Testing

/// A source that is made of its settings, and closed when a test is through with it.
package protocol TestedSource: CredentialSource {
    associatedtype Configuration

    init(_ configuration: Configuration) throws
    func close() async
}

extension PoolLimits {
    /// For a machine that is ten times slower and busy: only a test of a time-out has a short one.
    package static func patient(size: Int) -> PoolLimits {
        PoolLimits(size: size, connectTimeout: .seconds(60), queryTimeout: .seconds(60))
    }
}

/// What the suites of all database servers do. The servers of their tests know `CP-1`, whose hash is `hash-1`.
package protocol SourceSuite {
    associatedtype Source: TestedSource
}

extension SourceSuite {
    package func with<Result>(
        _ configuration: Source.Configuration, _ body: (Source) async throws -> Result
    ) async throws -> Result {
        let source = try Source(configuration)
        do {
            let result = try await body(source)
            await source.close()
            return result
        } catch {
            await source.close()
            throw error
        }
    }

    package func failure(
        _ configuration: Source.Configuration, _ name: String = "CP-1"
    ) async throws -> BackendFailure? {
        try await with(configuration) { source in
            await Outcome(of: name, from: source).failure
        }
    }

    /// Asks `CP-1` while the file with our password is missing, has a wrong one, and has the right one.
    ///
    /// - Parameters:
    ///   - configuration: its own password is a wrong one.
    ///   - file: where it names the file.
    package func expectPasswordFileIsReadAnew(
        _ configuration: Source.Configuration, _ file: WritableKeyPath<Source.Configuration, String?>, right: String
    ) async throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "password-\(UUID())")
        defer { try? FileManager.default.removeItem(at: url) }
        var configuration = configuration
        configuration[keyPath: file] = url.path()
        try await with(configuration) { source in
            let missing = await Outcome(of: "CP-1", from: source).failure
            #expect(missing?.kind == .nonsense && missing?.reason.contains("\(url.path()) cannot be read") == true)
            try Data("a wrong s3cr3t\n".utf8).write(to: url)
            let wrong = await Outcome(of: "CP-1", from: source).failure
            #expect(wrong?.kind == .nonsense && wrong?.reason.contains("s3cr3t") == false)
            try Data("\(right)\r\nsecond line\n".utf8).write(to: url)
            let found = await Outcome(of: "CP-1", from: source)
            #expect(found.hashes?.count == 1, "\(found)")
        }
    }

    /// Asks about names that try to be more than that.
    ///
    /// - Returns: those that were somebody's or made trouble.
    package func hostileNamesThatAreKnown(to source: Source) async -> [String] {
        var found: [String] = []
        for name in HostileNames.all where await Outcome(of: name, from: source) != .unknown {
            found.append(String(name.prefix(40)))
        }
        return found
    }

    /// Kills the server between requests and starts it again, twice.
    ///
    /// - Returns: the outcomes that should not have been.
    package func outcomesOfRestarts(_ server: BackendServer, _ source: Source) async throws -> [Outcome] {
        var odd: [Outcome] = []
        for _ in 0..<2 {
            await withTaskGroup { group in
                for _ in 0..<20 { group.addTask { await Outcome(of: "CP-1", from: source) } }
                for await outcome in group where outcome.hashes != ["hash-1"] { odd.append(outcome) }
            }
            server.kill()
            let away = await Outcome(of: "CP-1", from: source)
            if away.failure?.kind != .unreachable { odd.append(away) }
            try server.start()
        }
        let back = await Outcome(of: "CP-1", from: source)
        return odd + (back.hashes == ["hash-1"] ? [] : [back])
    }

    /// Kills the server in the midst of 200 requests, half of them about nobody, and starts it again.
    ///
    /// - Returns: the outcomes that are neither right nor "unreachable".
    package func outcomesOfKill(_ server: BackendServer, _ source: Source) async throws -> [Outcome] {
        var odd: [Outcome] = []
        await withTaskGroup { group in
            for number in 0..<200 {
                let isKnown = number % 2 == 0
                group.addTask { (isKnown, await Outcome(of: isKnown ? "CP-1" : "nobody", from: source)) }
                if number == 100 {
                    _ = await group.next()
                    server.kill()
                }
            }
            for await (isKnown, outcome) in group {
                let isRight = outcome.hashes == (isKnown ? ["hash-1"] : [])
                if !isRight, outcome.failure?.kind != .unreachable { odd.append(outcome) }
            }
        }
        try server.start()
        let back = await Outcome(of: "CP-1", from: source)
        return odd + (back.hashes == ["hash-1"] ? [] : [back])
    }
}
