import Glibc

/// `broker.password_file`: its first line is the password. It is read anew for each connection, so that a password may
/// be changed while the gateway runs.
package enum PasswordFile {
    package static let mostBytes = 65_536

    /// Nil: there is no password in it.
    package static func password(in bytes: [UInt8]) -> String? {
        var line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        // libmosquitto takes it as a C string.
        guard !line.isEmpty, !line.contains(0) else { return nil }
        return String(validating: line, as: UTF8.self)
    }

    /// - Returns: nil for what can be read once only.
    static func read(_ path: String) throws(ConnectFile.Failure) -> String? {
        guard let bytes = try ConnectFile.read(path, limit: mostBytes) else { return nil }
        guard let password = password(in: bytes) else {
            throw ConnectFile.Failure(reason: "its first line is no password in UTF-8")
        }
        return password
    }
}
