import Foundation

/// A Redis of a test's own, with a password, that keeps what it has been told when it is killed.
package struct RedisNode: Sendable {
    package let server: TestServer
    package var port: Int { server.port }

    /// Running.
    ///
    /// - Parameter arguments: what is not the same for all.
    package init(password: String, _ arguments: [String] = []) async throws {
        server = try await TestServer.started(
            "redis-server",
            [
                "--port", "$PORT", "--bind", "127.0.0.1", "--dir", "$FOLDER", "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--requirepass", password, "--masterauth", password,
            ] + arguments,
            environment: ["REDISCLI_AUTH": password])
    }

    /// - Returns: what it says, without the end of the line.
    /// - Throws: when that is an error.
    @discardableResult
    package func command(_ words: String...) async throws -> String { try await command(words) }

    @discardableResult
    package func command(_ words: [String]) async throws -> String {
        try await server.run("redis-cli", ["--no-auth-warning", "-e", "-c", "-p", "$PORT"] + words)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Many, a line each, over one connection; in a cluster each goes to the node of its key.
    package func commands(_ lines: [String]) async throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: server.folder.appending(path: "commands"))
        try await server.run(
            "sh", ["-c", "redis-cli --no-auth-warning -e -c -p $PORT < $FOLDER/commands > $FOLDER/answers"])
    }
}
