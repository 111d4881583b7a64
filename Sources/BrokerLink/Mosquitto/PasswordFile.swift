import BoundedFiles

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

    /// Why it cannot be used; without what is in it.
    struct Failure: Error, Equatable {
        var reason: String
    }

    /// - Returns: nil for what can be read once only.
    static func read(_ path: String) throws(Failure) -> String? {
        let bytes: [UInt8]?
        do {
            bytes = try BoundedFile.readRegular(path, limit: mostBytes)
        } catch {
            throw Failure(reason: error.description)
        }
        guard let bytes else { return nil }
        guard let password = password(in: bytes) else {
            throw Failure(reason: "its first line is no password in UTF-8")
        }
        return password
    }
}
