/// Runs a command, from `PATH`, to its end and returns what it wrote.
package func run(_ command: String, _ arguments: [String]) async throws -> String {
    let child = try await ChildProcess.start(try ChildProcess.path(of: command), arguments)
    try await child.exit()
    return await child.wholeOutput()
}

extension ChildProcess {
    /// All that it has written once it has ended.
    package func wholeOutput() async -> String {
        // Fails when both its streams have ended, which is what is waited for.
        _ = try? await lines.first("the end of what it writes") { _ in false }
        return output
    }
}
