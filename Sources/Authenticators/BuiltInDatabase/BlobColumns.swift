import Foundation
import GRDB

extension String.UTF8View {
    var bytes: [UInt8] { Array(self) }
}

extension [UInt8] {
    /// As SQLite takes it: bytes without collation or encoding.
    var blob: Data { Data(self) }
}

extension Row {
    /// Of a BLOB, or of a TEXT that somebody has written with SQLite's shell.
    func bytes(_ column: String) -> [UInt8]? {
        (self[column] as Data?).map { [UInt8]($0) }
    }
}
