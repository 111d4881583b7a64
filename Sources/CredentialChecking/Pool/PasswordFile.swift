import BoundedFiles
import Settings

/// The file with our password at a backend, which somebody may replace while the gateway runs.
package enum PasswordFile {
    /// What it says now; never waits.
    ///
    /// - Parameters:
    ///   - path: nil: the password is in no file.
    ///   - known: what it said at the start, or the password itself. It counts too for what is no regular file: a pipe can
    ///     be read only once.
    /// - Throws: it cannot be read, or has no password in its first line. What it says is never in that.
    package static func password(
        in path: String?, orElse known: String?
    ) throws(ConnectionFault) -> String? {
        guard let path else { return known }
        let bytes: [UInt8]?
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.readRegular(path, limit: Secret.mostBytes)
        } catch {
            throw .nonsense("the password file \(path) cannot be read: \(error)", isUsable: false)
        }
        guard let bytes else { return known }
        guard let text = Secret.firstLine(of: bytes) else {
            throw .nonsense("the password file \(path) has no password as its first line, in UTF-8", isUsable: false)
        }
        return text
    }
}
