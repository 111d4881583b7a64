import CMariaDB
import CredentialChecking
import Glibc

/// One connection with its prepared statement.
struct MySQLConnection: BlockingConnection {
    /// An old and a new password; further rows are not read.
    private static let mostRows = 2

    private let handle: UnsafeMutablePointer<MYSQL>
    private let text: String
    private var statement: UnsafeMutablePointer<MYSQL_STMT>?
    /// Rows of the last answer are still on their way.
    private var isSpoilt = false

    init(handle: UnsafeMutablePointer<MYSQL>, statement: String) {
        self.handle = handle
        text = statement
    }

    mutating func ask(_ values: [[UInt8]]) throws(ConnectionFault) -> [StoredCredential] {
        guard !isSpoilt else { throw .lost("its last answer had too many rows") }
        let statement = try prepared()
        guard mysql_stmt_param_count(statement) == UInt(values.count) else {
            throw .nonsense("the query has other parameters than its placeholders", isUsable: true)
        }
        guard try Self.execute(statement, values) else { return [] }
        defer { if !isSpoilt { mysql_stmt_free_result(statement) } }
        let names = try Self.columnNames(of: statement)
        return try rows(of: statement, names: names, columns: CredentialColumns(names: names))
    }

    mutating func ping() throws(ConnectionFault) {
        guard !isSpoilt else { throw .lost("its last answer had too many rows") }
        guard mysql_ping(handle) == 0 else { throw Self.fault(of: handle) }
    }

    mutating func close() {
        // The library would read all that is left of an answer before it lets go of the statement.
        if isSpoilt { shutdown(mysql_get_socket(handle), Int32(SHUT_RDWR)) }
        if let statement { mysql_stmt_close(statement) }
        mysql_close(handle)
    }

    // MARK: The statement

    private mutating func prepared() throws(ConnectionFault) -> UnsafeMutablePointer<MYSQL_STMT> {
        if let statement { return statement }
        guard let statement = mysql_stmt_init(handle) else { throw .lost("no memory") }
        guard mysql_stmt_prepare(statement, text, UInt(text.utf8.count)) == 0 else {
            let fault = Self.fault(of: statement)
            mysql_stmt_close(statement)
            throw fault
        }
        self.statement = statement
        return statement
    }

    /// The values stand in one buffer for as long as the library reads them.
    ///
    /// - Returns: false: no row can have these values.
    private static func execute(
        _ statement: UnsafeMutablePointer<MYSQL_STMT>, _ values: [[UInt8]]
    ) throws(ConnectionFault) -> Bool {
        var bytes = Array(values.joined()) + [0]
        let hasSent = bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            var binds = values.map { value in
                var bind = MYSQL_BIND()
                bind.buffer_type = MYSQL_TYPE_STRING
                bind.buffer = buffer.baseAddress.map { $0 + offset }
                bind.buffer_length = UInt(value.count)
                bind.length_value = UInt(value.count)
                offset += value.count
                return bind
            }
            return mysql_stmt_bind_param(statement, &binds) == 0 && mysql_stmt_execute(statement) == 0
        }
        if hasSent { return true }
        guard MySQLFault.isNoSuchValue(code: mysql_stmt_errno(statement), values) else { throw fault(of: statement) }
        return false
    }

    private static func columnNames(of statement: UnsafeMutablePointer<MYSQL_STMT>) throws(ConnectionFault) -> [String]
    {
        guard let metadata = mysql_stmt_result_metadata(statement) else {
            throw .nonsense("the query answers with no rows of columns", isUsable: true)
        }
        defer { mysql_free_result(metadata) }
        let fields = UnsafeBufferPointer(start: mysql_fetch_fields(metadata), count: Int(mysql_num_fields(metadata)))
        return fields.map { $0.name.map { String(cString: $0) } ?? "" }
    }

    // MARK: Rows

    /// Reads row by row: nothing is kept of what comes after the second.
    private mutating func rows(
        of statement: UnsafeMutablePointer<MYSQL_STMT>, names: [String], columns: CredentialColumns
    ) throws(ConnectionFault) -> [StoredCredential] {
        var rows: [StoredCredential] = []
        while rows.count <= Self.mostRows {
            switch mysql_stmt_fetch(statement) {
            case 0, MYSQL_DATA_TRUNCATED:
                guard rows.count < Self.mostRows else {
                    isSpoilt = true
                    return rows
                }
                do throws(ConnectionFault) {
                    var row: [[UInt8]?] = []
                    for column in names.indices { row.append(try Self.value(of: column, in: statement)) }
                    rows.append(try columns.credential { row[$0] })
                } catch {
                    isSpoilt = true
                    throw error
                }
            case MYSQL_NO_DATA: return rows
            default: throw Self.fault(of: statement)
            }
        }
        return rows
    }

    /// As its text's bytes; numbers as digits. Nil: NULL.
    private static func value(
        of column: Int, in statement: UnsafeMutablePointer<MYSQL_STMT>
    ) throws(ConnectionFault) -> [UInt8]? {
        // One byte more than may be there, so that what is too long is seen to be.
        var bytes = [UInt8](repeating: 0, count: CredentialColumns.mostBytes + 1)
        var length: UInt = 0
        var isNull: my_bool = 0
        let code = bytes.withUnsafeMutableBytes { buffer in
            withUnsafeMutablePointer(to: &length) { length in
                withUnsafeMutablePointer(to: &isNull) { isNull in
                    var bind = MYSQL_BIND()
                    bind.buffer_type = MYSQL_TYPE_STRING
                    bind.buffer = buffer.baseAddress
                    bind.buffer_length = UInt(buffer.count)
                    bind.length = length
                    bind.is_null = isNull
                    return mysql_stmt_fetch_column(statement, &bind, UInt32(column), 0)
                }
            }
        }
        guard code == 0 else { throw fault(of: statement) }
        return isNull != 0 ? nil : Array(bytes.prefix(Int(min(length, UInt(bytes.count)))))
    }

    // MARK: Faults

    static func fault(of handle: UnsafeMutablePointer<MYSQL>, isLogin: Bool = false) -> ConnectionFault {
        MySQLFault.fault(
            code: mysql_errno(handle), state: mysql_sqlstate(handle).map { String(cString: $0) } ?? "",
            words: mysql_error(handle).map { String(cString: $0) } ?? "", isLogin: isLogin)
    }

    private static func fault(of statement: UnsafeMutablePointer<MYSQL_STMT>) -> ConnectionFault {
        MySQLFault.fault(
            code: mysql_stmt_errno(statement), state: mysql_stmt_sqlstate(statement).map { String(cString: $0) } ?? "",
            words: mysql_stmt_error(statement).map { String(cString: $0) } ?? "")
    }
}
