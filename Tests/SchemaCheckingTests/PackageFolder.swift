import Foundation

/// Files of this package, found from where this one was compiled.
enum PackageFolder {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let schemas16 = schemas("1.6")

    /// The shipped schemas of a version.
    static func schemas(_ version: String) -> String {
        root.appending(path: "Schemas/ocpp\(version)").path()
    }
}
