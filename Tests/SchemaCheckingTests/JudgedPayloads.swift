import Foundation
import SpawnedProcess
import Testing

/// Payloads with the verdict of Python's `jsonschema`, made by Judge/judge_payloads.py.
struct JudgedPayloads {
    struct Payload {
        /// `BootNotificationRequest`
        var message: String
        /// `missingField` and so on; nil for a payload that fits.
        var kind: String?
        var pointer: String
        var json: ArraySlice<UInt8>
    }

    /// The folder of the schemas that were asked.
    var schemas: String
    var payloads: [Payload]

    private static let python =
        ProcessInfo.processInfo.environment["OCPP_PYTHON"]
        ?? PackageFolder.root.appending(path: ".build/python/bin/python").path()

    init(version: String, count: Int, seed: Int, draft: String? = nil) async throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.python),
            "the judge needs Python with the packages ocpp and jsonschema: run deploy/test.sh, or set OCPP_PYTHON")
        let output = FileManager.default.temporaryDirectory.appending(path: "judged-\(UUID().uuidString).tsv")
        try Data().write(to: output)
        defer { try? FileManager.default.removeItem(at: output) }
        let process = SpawnedProcess()
        process.executableURL = URL(filePath: Self.python)
        process.arguments =
            [
                PackageFolder.root.appending(path: "Tests/SchemaCheckingTests/Judge/judge_payloads.py").path(),
                "--version", version, "--count", String(count), "--seed", String(seed),
            ] + (draft.map { ["--draft", $0] } ?? [])
        process.standardOutput = try FileHandle(forWritingTo: output)
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        try #require(status == 0, "the judge failed; what it said is above")
        let lines = try Array(Data(contentsOf: output)).split(separator: UInt8(ascii: "\n"))
        schemas = String(decoding: try #require(lines.first), as: UTF8.self)
        payloads = lines.dropFirst().map { line in
            let fields = line.split(separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
            let kind = String(decoding: fields[1], as: UTF8.self)
            return Payload(
                message: String(decoding: fields[0], as: UTF8.self), kind: kind == "-" ? nil : kind,
                pointer: String(decoding: fields[2], as: UTF8.self), json: fields[3])
        }
        try #require(payloads.count == count)
    }
}
