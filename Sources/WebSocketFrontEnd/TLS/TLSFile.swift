import BoundedFiles

/// A file of certificates, keys or revocation lists.
enum TLSFile {
    /// In bytes; the revocation list of a large authority has a few megabytes.
    static let limit = 64 * 1024 * 1024

    typealias Fingerprint = FileStamp

    static func read(_ path: String, _ option: TLSProblem.Option) throws(TLSProblem) -> [UInt8] {
        do {
            return try BoundedFile.readAtOnce(path, limit: limit)
        } catch {
            throw TLSProblem(option: option, reason: "expected a file that can be read: \(error.description)")
        }
    }
}
