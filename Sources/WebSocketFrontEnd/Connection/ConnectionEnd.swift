/// Why a connection ended, in the words of the log (`closed_by_peer`, `protocol_error`, …).
package struct ConnectionEnd: Sendable, Equatable {
    package var reason: String
    /// The WebSocket close code, where one was received or sent.
    package var closeCode: UInt16?
    /// What was wrong (`frame not masked`), or the peer's words of its close frame (`pong timeout`), or the socket's
    /// error; valid UTF-8, at most 123 bytes, control characters replaced by spaces. Empty: nothing to say.
    package var detail: String

    package init(reason: String, closeCode: UInt16? = nil, detail: String = "") {
        self.reason = reason
        self.closeCode = closeCode
        self.detail = detail.isEmpty ? detail : Self.inOneLine(detail)
    }

    private static func inOneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= CloseFrame.longestReason else { break }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
