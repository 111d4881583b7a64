import JSONText
import NIOCore
import OutsideNames

/// One well-formed OCPP message: its values, and where its parts lie in the text it was read from.
///
/// The parts are byte offsets from the text's reader index; they are written onwards as they are, unchecked, so nobody
/// outside may pair them with another text.
package struct OCPPMessage: Sendable, Equatable {
    package enum Body: Sendable, Equatable {
        /// `payload` is nil where the sender wrote `null`, which is read as `{}`.
        case call(action: String, payload: Range<Int>?)
        case callResult(payload: Range<Int>?)
        /// A description that is no string is nil: `""`. Details that are missing or `null` are nil: `{}`; others are
        /// whatever the sender wrote, of any type.
        case callError(code: Range<Int>, description: Range<Int>?, details: Range<Int>?)
        case callResultError(code: Range<Int>, description: Range<Int>?, details: Range<Int>?)
        case send(action: String, payload: Range<Int>?)
    }

    /// The UniqueId, decoded: what answers are matched by.
    package let uniqueID: UniqueID
    /// The UniqueId as it was written, quotes included.
    package let uniqueIDToken: Range<Int>
    package let body: Body
    /// The text that the offsets refer to.
    package let text: ByteBuffer

    /// The same message with memory of its own: the text may be a small part of what a socket has read.
    package func withOwnText() -> OCPPMessage {
        OCPPMessage(
            uniqueID: uniqueID, uniqueIDToken: uniqueIDToken, body: body,
            text: ByteBuffer(bytes: text.readableBytesView))
    }

    /// Whether this is a CALLERROR to nobody's message that says that its type is unknown (`MessageTypeNotSupported`).
    package var isAboutUnknownType: Bool {
        guard case .callError(let code, _, _) = body, uniqueID == "-1" else { return false }
        return text.withUnsafeReadableBytes { $0[code].elementsEqual("\"MessageTypeNotSupported\"".utf8) }
    }

    package var head: OCPPMessageHead { OCPPMessageHead(type: type, uniqueID: uniqueID) }

    package var type: MessageType {
        switch body {
        case .call: .call
        case .callResult: .callResult
        case .callError: .callError
        case .callResultError: .callResultError
        case .send: .send
        }
    }
}

/// What a message says it is; nil where that cannot be read.
package struct OCPPMessageHead: Sendable, Equatable {
    package var type: MessageType?
    package var uniqueID: UniqueID?

    package init(type: MessageType? = nil, uniqueID: UniqueID? = nil) {
        self.type = type
        self.uniqueID = uniqueID
    }
}

/// Why a text is no OCPP message, and what could be read of it.
package enum OCPPMessageProblem: Error, Sendable, Equatable {
    /// The text is not UTF-8, which a WebSocket text message must be (RFC 6455, 8.1).
    case notUTF8
    /// A number that names no message type of this version.
    case unknownMessageType(number: String, uniqueID: UniqueID?)
    /// `type` and `uniqueID` as far as they could be read.
    case malformed(type: MessageType?, uniqueID: UniqueID?, reason: String)

    /// The message type, where it could be read.
    package var type: MessageType? {
        if case .malformed(let type, _, _) = self { type } else { nil }
    }
}

/// What a UniqueId and an Action may be (behaviour.md, "OCPP-J rules, both ways").
package struct MessageLimits: Sendable, Equatable {
    /// OCPP's own limit of 36 characters; else 255 bytes, because charge points exist that send more.
    package var enforcesUniqueIDLength: Bool

    package static let longestUniqueID = 36
    package static let longestUncheckedUniqueID = 255
    package static let longestAction = 50

    package init(enforcesUniqueIDLength: Bool = false) {
        self.enforcesUniqueIDLength = enforcesUniqueIDLength
    }

    func allows(uniqueID: UniqueID) -> Bool {
        guard !uniqueID.isEmpty, uniqueID.utf8.count <= Self.longestUncheckedUniqueID else { return false }
        // No more characters than bytes, so that most need no counting.
        return !enforcesUniqueIDLength || uniqueID.utf8.count <= Self.longestUniqueID
            || uniqueID.text.unicodeScalars.count <= Self.longestUniqueID
    }

    func allows(action: String) -> Bool {
        var action = action
        return action.withUTF8 { bytes in
            (1...Self.longestAction).contains(bytes.count)
                && bytes.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }
}
