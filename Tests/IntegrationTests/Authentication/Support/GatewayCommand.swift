import Foundation
import TestSupport
import Testing

/// A command of the gateway's program beside the gateway itself, run to its end.
struct GatewayCommand {
    let code: Int32
    let output: String

    /// - Parameters:
    ///   - input: its standard input.
    ///   - showsSecrets: what it writes is a file of hashes.
    ///   - megabytes: of addresses; with more it ends.
    init(
        _ arguments: [String], input: String = "", _ settings: [String: String] = [:], showsSecrets: Bool = false,
        megabytes: Int? = nil
    ) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "input-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        Secrets.add(settings: settings)
        let limit = megabytes.map { "ulimit -v \($0 << 10); " } ?? ""
        let child = try await ChildProcess.start(
            "/bin/sh",
            ["-c", limit + #"exec "$0" "$@" <"$INPUT""#, GatewayProcess.executable] + arguments,
            environment: settings.merging(["INPUT": file.path, "MONGOC_DISABLE_SHM": "1"]) { own, _ in own })
        code = try await child.exit().code
        output = await child.wholeOutput()
        if !showsSecrets { #expect(Secrets.leaks(in: output).isEmpty, "\(arguments)") }
    }
}
