import BoundedFiles
import Glibc
import Settings

/// `data_dir`.
enum DataDirectory {
    static let standard = "/var/lib/ocpp-gateway"

    static func read(_ read: inout SettingsReader) -> String {
        read(
            "data_dir", .text, default: standard, applies: .afterRestart,
            help: "folder of users, changes and traces; made if missing")
    }

    /// Where changes are kept, which are a layer themselves: known before the rest is read.
    static func path(in layers: [any SettingsLayer]) -> String {
        var reader = SettingsReader(layers, readFile: BoundedFile.reader)
        return read(&reader)
    }

    /// Makes it if it is missing, for its owner only.
    ///
    /// - Returns: why nothing can be written there; nil: it can.
    static func prepare(_ path: String) -> String? {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST, access(path, W_OK | X_OK) == 0 else {
            return "\(path): \(String(cString: strerror(errno)))"
        }
        return nil
    }
}
