/// Why bytes are not a JSON text (RFC 8259).
public enum JSONSyntaxError: Error, Sendable, Equatable {
    case unexpectedEnd
    case unexpectedByte
    case controlCharacterInString
    case invalidEscape
    /// A `\u` escape of one half of a surrogate pair without the other.
    case loneSurrogate
    case invalidUTF8
    case invalidNumber
    case nestedTooDeeply
    case trailingBytes

    /// In plain words, for an error description.
    public var reason: String {
        switch self {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte: "unexpected character"
        case .controlCharacterInString: "control character in a string"
        case .invalidEscape: "invalid escape in a string"
        case .loneSurrogate: "lone surrogate in a string"
        case .invalidUTF8: "invalid UTF-8"
        case .invalidNumber: "invalid number"
        case .nestedTooDeeply: "nested deeper than \(JSONScanner.maximumDepth) levels"
        case .trailingBytes: "more text after the end of the value"
        }
    }

    /// The same with the place: `unexpected character at byte 17`.
    ///
    /// - Parameter position: Where the scanner stopped, counted from 0.
    public func reason(atByte position: Int) -> String { "\(reason) at byte \(position)" }
}
