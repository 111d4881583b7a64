import CredentialChecking

/// What an SQLSTATE means for us (PostgreSQL's manual, appendix A).
enum PostgreSQLFault: Equatable {
    /// Away, shutting down, starting, full.
    case unreachable
    /// The value can be none of the column's: so no row has it.
    case noSuchValue
    /// What has been prepared does not fit any more (the table has changed, or a proxy has given us another server).
    case stalePlan
    case cancelled
    case nonsense

    init(state: String) {
        switch state {
        // Not in the encoding, no text of that type, out of range, no date.
        case "22021", "22P05", "22P02", "22003", "22007", "22008": self = .noSuchValue
        case "0A000", "26000": self = .stalePlan
        case "57014": self = .cancelled
        default:
            switch state.prefix(2) {
            case "08", "53", "57", "58", "XX": self = .unreachable
            default: self = .nonsense
            }
        }
    }

    /// The server's words may quote what they complain of, a parameter among it. These classes speak of the query, the
    /// tables, our log-in and the server only.
    static func mayShowWords(state: String) -> Bool {
        ["08", "0A", "25", "26", "28", "3D", "3F", "42", "53", "57", "58"].contains(state.prefix(2))
    }

    /// - Parameter values: the parameters of the question that went wrong.
    static func reason(state: String, words: String, _ values: [[UInt8]] = []) -> String {
        mayShowWords(state: state) && !quotes(words, values) ? "\(words) (SQLSTATE \(state))" : "SQLSTATE \(state)"
    }

    /// Whether the words hold a parameter, or a part of one. A query may have made a name of it (`${username}::regclass`),
    /// which the server has then taken apart, made small and cut short.
    private static func quotes(_ words: String, _ values: [[UInt8]]) -> Bool {
        let words = small(words.utf8)
        return values.contains { value in
            let value = small(value)
            let isWhole = !value.isEmpty && words.contains(value)
            return isWhole
                || value.split(whereSeparator: { !isOfName($0) }).contains { part in
                    part.count >= 3 && words.contains(part.prefix(12))
                }
        }
    }

    private static func small(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
        default: false
        }
    }

    /// The first line of what libpq says of a failed connection, and its SQLSTATE, if a server has said one:
    /// `connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed …`.
    static func connectionError(_ message: String) -> (words: String, state: String?) {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no connection"
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        for (word, next) in zip(words, words.dropFirst()) where word.hasSuffix(":") && next.hasSuffix(":") {
            let state = next.dropLast()
            if isState(state) { return (line, String(state)) }
        }
        return (line, nil)
    }

    /// Five capitals and digits; every class or its codes have a digit, which sets them apart from `FATAL`.
    private static func isState(_ word: Substring) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        return word.utf8.count == 5 && word.utf8.contains(where: digits.contains)
            && word.utf8.allSatisfy { digits.contains($0) || capitals.contains($0) }
    }
}
