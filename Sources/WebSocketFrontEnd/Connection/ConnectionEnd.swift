/// Why a connection ended.
package struct ConnectionEnd: Sendable, Equatable {
    package enum Reason: Sendable {
        /// The peer sent a close frame.
        case closedByPeer
        /// The one who holds the connection closed it; `detail` is the reason of its close frame.
        case closedHere
        /// The socket or TLS failed, or ended without a close frame.
        case connectionLost
        /// No memory for a message of this length now.
        case noMemory
        /// A frame that RFC 6455 or the limits of the listener forbid.
        case protocolError
        /// More waits for the peer than a connection may hold.
        case sendQueueFull
        /// The peer took nothing for too long.
        case sendTimeout
    }

    package var reason: Reason
    /// The WebSocket close code, where one was received or sent.
    package var closeCode: UInt16?
    /// What was wrong (`frame not masked`), or the words of the close frame (`pong timeout`), or the socket's error;
    /// valid UTF-8, at most 123 bytes, control characters replaced by spaces. Empty: nothing to say.
    package var detail: String

    package init(reason: Reason, closeCode: UInt16? = nil, detail: String = "") {
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
