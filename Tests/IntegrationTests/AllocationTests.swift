import Foundation
import Synchronization
import TestSupport
import Testing

/// What the gateway asks its allocator for on the way of a message. The build of the tests does so four times as often as
/// one for use, by the same rule: it is the message that costs something, and nothing that is in it. (deploy/bench.sh counts
/// in a build for use.)
@Suite struct AllocationTests {
    private static let resources = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "Resources")

    /// A round trip of MeterValues with so many values, in a gateway whose calls of the allocator are counted: the least of
    /// several windows, so that nothing counts that happened to be done meanwhile.
    private func allocations(values: Int, checking: String) async throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appending(path: "allocations-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let counter = folder.appending(path: "count.so").path
        let file = folder.appending(path: "count")
        try Data(count: 8).write(to: file)
        _ = try await run(
            "clang",
            [
                "-O1", "-shared", "-fPIC", "-o", counter,
                Self.resources.appending(path: "count_allocations.c").path,
            ])
        let value = #"{"value":"230.1","measurand":"Voltage","unit":"V"}"#
        let sampled = Array(repeating: value, count: values).joined(separator: ",")
        let payload =
            #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[\#(sampled)]}]}"#
        let least = Counted()
        try await withSite([
            "MESSAGE_FORMAT_CHECKING": checking, "LD_PRELOAD": counter, "ALLOCATION_COUNT": file.path,
        ]) { site in
            site.central.onCall { _ in .result("{}") }
            let chargePoint = try await site.connectReady()
            for window in 0..<12 {
                let before = try Self.count(in: file)
                for number in 0..<20 {
                    let id = "id-\(1000 + window * 20 + number)"
                    #expect(try await chargePoint.call("MeterValues", payload, id: id) == #"[3,"\#(id)",{}]"#)
                }
                let counted = try Self.count(in: file) - before
                // The first windows are for memory that is kept and used again.
                if window >= 2 { least.note(counted) }
            }
        }
        return Double(least.value) / 20
    }

    private static func count(in file: URL) throws -> UInt64 {
        try Data(contentsOf: file).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    @Test func `A valid CALL costs no allocation for what is in it or for its check`() async throws {
        let short = try await allocations(values: 4, checking: "all")
        let long = try await allocations(values: 64, checking: "all")
        let unchecked = try await allocations(values: 64, checking: "disable")
        // One for each value, or for each second one, would be 60 or 30. A larger message takes larger buffers in more steps.
        #expect(short > 10, "the allocations are counted")
        #expect(long - short < 25, "\(short) with 4 values, \(long) with 64")
        #expect(long - unchecked < 15, "\(unchecked) without the check, \(long) with it")
    }
}

/// The least of what was noted.
private final class Counted: Sendable {
    private let least = Mutex(UInt64.max)

    func note(_ value: UInt64) { least.withLock { $0 = min($0, value) } }

    var value: UInt64 { least.withLock { $0 } }
}
