import CPostgreSQL
import CredentialChecking
import Glibc

/// One connection with its prepared statement.
struct PostgreSQLConnection: BlockingConnection {
    private static let statementName = "credentials"
    /// An old and a new password; further rows are read and thrown away.
    private static let mostRows = 2
    /// After so many the query has no LIMIT worth the name, and the connection is given up instead of emptied.
    private static let mostReadRows = 64

    private let handle: OpaquePointer
    private let statement: String
    /// Nil: prepared statements are off.
    private var isPrepared: Bool?
    private let queryTimeout: Duration
    /// Answers of the last question are still on their way.
    private var isSpoilt = false

    init(handle: OpaquePointer, statement: String, isPrepared: Bool?, queryTimeout: Duration) {
        self.handle = handle
        self.statement = statement
        self.isPrepared = isPrepared
        self.queryTimeout = queryTimeout
    }

    mutating func ask(_ values: [[UInt8]]) throws(ConnectionFault) -> [StoredCredential] {
        guard !isSpoilt else { throw .lost("its last answer had too many rows") }
        let deadline = ContinuousClock.now + queryTimeout
        guard let isPrepared else {
            let sent = Self.sending(values, handle, statement: nil, text: statement)
            return try read(sent, values, until: deadline)
        }
        if !isPrepared {
            try send(PQsendPrepare(handle, Self.statementName, statement, Int32(values.count), nil), until: deadline)
            try drain(until: deadline)
            self.isPrepared = true
        }
        let sent = Self.sending(values, handle, statement: Self.statementName, text: "")
        return try read(sent, values, until: deadline)
    }

    mutating func ping() throws(ConnectionFault) {
        guard !isSpoilt else { throw .lost("its last answer had too many rows") }
        let deadline = ContinuousClock.now + queryTimeout
        // The empty query: no table, no transaction.
        try send(PQsendQuery(handle, ""), until: deadline)
        try drain(until: deadline)
    }

    mutating func close() {
        PQfinish(handle)
    }

    /// The parameters are texts, which end with a NUL: the caller has let none pass that holds one.
    private static func sending(
        _ values: [[UInt8]], _ handle: OpaquePointer, statement: String?, text: String
    ) -> Int32 {
        let copies = values.map { bytes in
            (bytes + [0]).withUnsafeBytes { bytes -> UnsafeMutablePointer<CChar>? in
                guard let copy = malloc(bytes.count), let source = bytes.baseAddress else { return nil }
                memcpy(copy, source, bytes.count)
                return copy.assumingMemoryBound(to: CChar.self)
            }
        }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) }
        let count = Int32(values.count)
        guard let statement else { return PQsendQueryParams(handle, text, count, nil, pointers, nil, nil, 0) }
        return PQsendQueryPrepared(handle, statement, count, pointers, nil, nil, 0)
    }

    // MARK: Waiting

    private func send(_ sent: Int32, until deadline: ContinuousClock.Instant) throws(ConnectionFault) {
        guard sent == 1 else { throw .lost(words) }
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                // The other side may have to be read from before it reads on.
                let isReady = PostgreSQLSocket.wait(for: Int16(POLLIN | POLLOUT), on: PQsocket(handle), until: deadline)
                guard isReady else { throw .timedOut("the query could not be sent in time") }
                guard PQconsumeInput(handle) == 1 else { throw .lost(words) }
            default: throw .lost(words)
            }
        }
    }

    /// The next part of the answer; nil: that was all.
    private func next(until deadline: ContinuousClock.Instant) throws(ConnectionFault) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            guard PostgreSQLSocket.wait(for: Int16(POLLIN), on: PQsocket(handle), until: deadline) else {
                throw .timedOut("no answer in time")
            }
            guard PQconsumeInput(handle) == 1 else { throw .lost(words) }
        }
        return PQgetResult(handle)
    }

    /// An answer without rows.
    private func drain(until deadline: ContinuousClock.Instant) throws(ConnectionFault) {
        var fault: ConnectionFault?
        while let result = try next(until: deadline) {
            defer { PQclear(result) }
            fault = fault ?? self.fault(of: result, [])
        }
        if let fault { throw fault }
    }

    // MARK: Rows

    private mutating func read(
        _ sent: Int32, _ values: [[UInt8]], until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> [StoredCredential] {
        try send(sent, until: deadline)
        PQsetSingleRowMode(handle)
        var rows: [StoredCredential] = []
        var count = 0
        var fault: ConnectionFault?
        while let result = try next(until: deadline) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK:
                count += Int(PQntuples(result))
                guard fault == nil, rows.count < Self.mostRows else { break }
                do throws(ConnectionFault) {
                    rows += try Self.credentials(in: result)
                } catch {
                    fault = error
                }
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                fault = fault ?? .nonsense("the query answers with no rows of columns", isUsable: true)
            default:
                if Self.isNoSuchValue(result) { break }
                fault = fault ?? self.fault(of: result, values) ?? .nonsense("an answer that is none", isUsable: false)
                // Not the answer of a query: what follows would be waited for in vain (COPY).
                if PQresultStatus(result) != PGRES_FATAL_ERROR { isSpoilt = true }
            }
            if count > Self.mostReadRows { isSpoilt = true }
            if isSpoilt { break }
        }
        if let fault { throw fault }
        return rows
    }

    private static func credentials(in result: OpaquePointer) throws(ConnectionFault) -> [StoredCredential] {
        let names = (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
        let columns = try CredentialColumns(names: names)
        var rows: [StoredCredential] = []
        for row in 0..<PQntuples(result) {
            rows.append(
                try columns.credential { column in
                    guard PQgetisnull(result, row, Int32(column)) == 0,
                        let value = PQgetvalue(result, row, Int32(column))
                    else { return nil }
                    let length = Int(PQgetlength(result, row, Int32(column)))
                    return Array(UnsafeRawBufferPointer(start: value, count: length))
                })
        }
        return rows
    }

    // MARK: Faults

    private var words: String {
        let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let (words, state) = PostgreSQLFault.connectionError(message)
        return state.map { PostgreSQLFault.reason(state: $0, words: words) } ?? words
    }

    private static func state(of result: OpaquePointer) -> String {
        PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
    }

    private static func isNoSuchValue(_ result: OpaquePointer) -> Bool {
        PQresultStatus(result) == PGRES_FATAL_ERROR && PostgreSQLFault(state: state(of: result)) == .noSuchValue
    }

    /// - Parameter values: what the server knew of the charge point by then.
    private func fault(of result: OpaquePointer, _ values: [[UInt8]]) -> ConnectionFault? {
        guard PQresultStatus(result) == PGRES_FATAL_ERROR else { return nil }
        let state = Self.state(of: result)
        let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? ""
        let reason = PostgreSQLFault.reason(state: state, words: primary, values)
        // libpq makes such a result itself when the connection breaks.
        if state.isEmpty || PQstatus(handle) == CONNECTION_BAD { return .lost(words) }
        switch PostgreSQLFault(state: state) {
        case .unreachable, .stalePlan: return .lost(reason)
        case .cancelled: return .timedOut(reason)
        case .nonsense, .noSuchValue: return .nonsense(reason, isUsable: true)
        }
    }
}
