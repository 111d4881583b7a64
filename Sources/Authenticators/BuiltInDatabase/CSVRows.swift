import Authentication
import SwiftCSV

/// A CSV file's rows as bytes, one after the other: of a file of whatever shape one row at a time is taken apart.
///
/// The parser goes by Swift's characters: it drops spaces before a field, ends lines at odd places, and takes a quote or
/// comma with a combining accent after it for neither. So each byte without a meaning in CSV is handed to it as a
/// character of its own (U+E000 and up), and taken back afterwards. It needs many times the size of what it is given, and
/// so is given a row.
struct CSVRows {
    struct Row {
        /// In the order of the columns; as many, or fewer.
        var fields: [[UInt8]]
        /// There are more fields than columns: somebody's comma is not in quotes.
        var hasSurplus: Bool
    }

    private static let mostBytesOfRow = 64 << 10
    private static let mostFields = 64

    let columns: [String]
    private let bytes: [UInt8]
    private var position: Int
    private var count = 0
    private let mostRows: Int

    /// Reads the first row.
    ///
    /// - Parameter mostRows: that are taken apart; empty lines need not be.
    /// - Throws: It is no CSV.
    init(_ bytes: [UInt8], mostRows: Int) throws(UserStoreFailure) {
        var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        columns = try Self.fields(of: bytes, at: &position).map { String(decoding: $0, as: UTF8.self) }
        guard Set(columns).count == columns.count else { throw .badFile("a column is there twice") }
        self.bytes = bytes
        self.position = position
        self.mostRows = mostRows
    }

    /// Blank ones are left out.
    ///
    /// - Returns: nil: that was all.
    /// - Throws: It is no CSV from here on.
    mutating func next() throws(UserStoreFailure) -> Row? {
        while position < bytes.count {
            let fields = try Self.fields(of: bytes, at: &position)
            if fields.isEmpty { continue }
            count += 1
            guard count <= mostRows else { throw .badFile("it has more than \(mostRows) rows") }
            guard fields.contains(where: { !$0.isEmpty }) else { continue }
            return Row(
                fields: Array(fields.prefix(columns.count)),
                hasSurplus: fields.dropFirst(columns.count).contains { !$0.isEmpty })
        }
        return nil
    }

    private static func fields(of bytes: [UInt8], at position: inout Int) throws(UserStoreFailure) -> [[UInt8]] {
        let row = try row(of: bytes, at: &position)
        guard !row.isEmpty else { return [] }
        do {
            // It takes the first row for the names of columns.
            let table = try CSV<Enumerated>(string: characters(row), delimiter: .comma, loadColumns: false)
            return table.header.map(Self.bytes)
        } catch {
            throw .badFile("this is no CSV: quotes do not match")
        }
    }

    /// - Returns: The row at this place without the end of its line, behind which the place is then.
    private static func row(of bytes: [UInt8], at position: inout Int) throws(UserStoreFailure) -> ArraySlice<UInt8> {
        let start = position
        var isQuoted = false
        var fields = 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                fields += 1
                guard fields <= mostFields else { throw .badFile("a row has more than \(mostFields) fields") }
            case UInt8(ascii: "\r") where !isQuoted, UInt8(ascii: "\n") where !isQuoted:
                let end = position - 1
                if byte == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
                    position += 1
                }
                return bytes[start..<end]
            default: break
            }
            guard position - start <= mostBytesOfRow else {
                throw .badFile("a row has more than \(mostBytesOfRow >> 10) KB, or its quotes do not match")
            }
        }
        guard !isQuoted else { throw .badFile("this is no CSV: quotes do not match") }
        return bytes[start..<position]
    }

    private static func characters(_ bytes: ArraySlice<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                scalars.append(UnicodeScalar(byte))
            default:
                scalars.append(UnicodeScalar(0xE000 + UInt32(byte)) ?? "?")
            }
        }
        return String(scalars)
    }

    private static func bytes(_ characters: String) -> [UInt8] {
        characters.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
