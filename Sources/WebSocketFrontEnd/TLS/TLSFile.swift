import BoundedFiles

/// A file of certificates, keys or revocation lists.
enum TLSFile {
    /// In bytes; the revocation list of a large authority has a few megabytes.
    static let limit = 64 * 1024 * 1024

    typealias Fingerprint = FileStamp

    struct Unreadable: Error {
        var reason: String
    }

    static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        do {
            return try BoundedFile.readAtOnce(path, limit: limit)
        } catch {
            throw Unreadable(reason: error.description)
        }
    }
}
