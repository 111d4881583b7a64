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

    static func reason(state: String, words: String) -> String {
        mayShowWords(state: state) ? "\(words) (SQLSTATE \(state))" : "SQLSTATE \(state)"
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
