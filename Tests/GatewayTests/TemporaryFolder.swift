import Foundation

/// A folder that is gone when this is.
final class TemporaryFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
