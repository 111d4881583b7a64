import Foundation

/// Files of this package, found from where this one was compiled.
enum PackageFolder {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let schemas16 = root.appending(path: "Schemas/ocpp1.6").path()
}
