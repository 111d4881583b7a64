import JSONText
import NIOCore
import OutsideNames

/// One well-formed OCPP message: its values, and where its parts lie in the text it was read from.
///
/// The parts are byte offsets from the text's reader index; they are written onwards as they are, unchecked, so nobody
/// outside may pair them with another text.
public struct OCPPMessage: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
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
    public let uniqueID: UniqueID
    /// The UniqueId as it was written, quotes included.
    public let uniqueIDToken: Range<Int>
    public let body: Body
    /// The text that the offsets refer to.
    public let text: ByteBuffer

    /// The same message with memory of its own: the text may be a small part of what a socket has read.
    public func withOwnText() -> OCPPMessage {
        OCPPMessage(
            uniqueID: uniqueID, uniqueIDToken: uniqueIDToken, body: body,
            text: ByteBuffer(bytes: text.readableBytesView))
    }

    /// Whether this is a CALLERROR to nobody's message that says that its type is unknown (`MessageTypeNotSupported`).
    public var isAboutUnknownType: Bool {
        guard case .callError(let code, _, _) = body, uniqueID == "-1" else { return false }
        return text.withUnsafeReadableBytes { $0[code].elementsEqual("\"MessageTypeNotSupported\"".utf8) }
    }

    public var head: OCPPMessageHead { OCPPMessageHead(type: type, uniqueID: uniqueID) }

    public var type: MessageType {
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
public struct OCPPMessageHead: Sendable, Equatable {
    public var type: MessageType?
    public var uniqueID: UniqueID?

    public init(type: MessageType? = nil, uniqueID: UniqueID? = nil) {
        self.type = type
        self.uniqueID = uniqueID
    }
}

/// Why a text is no OCPP message, and what could be read of it.
public enum OCPPMessageProblem: Error, Sendable, Equatable {
    /// The text is not UTF-8, which a WebSocket text message must be (RFC 6455, 8.1).
    case notUTF8
    /// A number that names no message type of this version.
    case unknownMessageType(number: String, uniqueID: UniqueID?)
    /// `type` and `uniqueID` as far as they could be read.
    case malformed(type: MessageType?, uniqueID: UniqueID?, reason: String)

    /// The message type, where it could be read.
    public var type: MessageType? {
        if case .malformed(let type, _, _) = self { type } else { nil }
    }
}

/// What a UniqueId and an Action may be (behaviour.md, "OCPP-J rules, both ways").
public struct MessageLimits: Sendable, Equatable {
    /// OCPP's own limit of 36 characters; else 255 bytes, because charge points exist that send more.
    public var enforcesUniqueIDLength: Bool

    public static let longestUniqueID = 36
    public static let longestUncheckedUniqueID = 255
    public static let longestAction = 50

    public init(enforcesUniqueIDLength: Bool = false) {
        self.enforcesUniqueIDLength = enforcesUniqueIDLength
    }

    func allows(uniqueID: UniqueID) -> Bool {
        guard !uniqueID.isEmpty, uniqueID.utf8.count <= Self.longestUncheckedUniqueID else { return false }
        return !enforcesUniqueIDLength || uniqueID.text.unicodeScalars.count <= Self.longestUniqueID
    }

    func allows(action: String) -> Bool {
        (1...Self.longestAction).contains(action.utf8.count)
            && action.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
