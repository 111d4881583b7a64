import Authentication
import BoundedFiles
import FoundationEssentials

extension BuiltInDatabaseConfiguration {
    /// Whether the bootstrap file can be read and its rows are users, as far as that can be told without the database and
    /// without hashing their passwords.
    package func checkBootstrapFile() throws(UserStoreFailure) {
        guard let bootstrap else { return }
        let file = try bootstrap.file()
        do throws(UserStoreFailure) {
            _ = try UserRows(file, hash: hash)
        } catch .badFile(let reason) {
            throw .badFile("\(bootstrap.path): \(reason)")
        }
    }
}

extension BuiltInDatabaseConfiguration.Bootstrap {
    /// Longer files are refused. Bytes.
    private static let mostBytes = 64 << 20

    /// Never waits for anybody.
    func file() throws(UserStoreFailure) -> UserFile {
        let bytes = try contents()
        let isJSON =
            path.lowercased().hasSuffix(".json")
            || bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "[")
        return UserFile(bytes: bytes, format: isJSON ? .json : .csv, secret: secret)
    }

    private func contents() throws(UserStoreFailure) -> [UInt8] {
        let bytes: [UInt8]?
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.readRegular(path, limit: Self.mostBytes)
        } catch {
            if case .tooLong = error { throw .badFile("\(path): has more than \(Self.mostBytes >> 20) MB") }
            let isThere = FileManager.default.fileExists(atPath: path)
            throw .badFile("\(path): \(isThere ? "cannot be read: \(error)" : "is missing")")
        }
        guard let bytes else { throw .badFile("\(path): is no regular file") }
        return bytes
    }
}
