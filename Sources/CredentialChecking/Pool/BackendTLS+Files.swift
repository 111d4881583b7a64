import BoundedFiles

extension BackendTLS {
    /// A bundle of all authorities that there are has a quarter of it.
    private static let mostBytesOfFile = 1 << 20

    /// Why a file of certificates or a key cannot be read.
    package struct FileFailure: Error, Equatable, CustomStringConvertible {
        package let path: String
        package let reason: String

        package init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }

        package var description: String { "\(path): \(reason)" }
    }

    /// Reads it without waiting for anybody: a named pipe would hold up whoever changes the configuration.
    package static func contents(of path: String) throws(FileFailure) -> [UInt8] {
        do throws(BoundedFile.Failure) {
            if let bytes = try BoundedFile.readRegular(path, limit: mostBytesOfFile) { return bytes }
        } catch {
            throw FileFailure(path: path, reason: error.description)
        }
        throw FileFailure(path: path, reason: "it is no regular file")
    }
}
