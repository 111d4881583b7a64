import NIOCore
import OCPPJ
import OutsideNames

/// A buffer whose readable bytes are `bytes`, with others before and behind: offsets count from the reader index.
func buffer(_ bytes: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer(string: "[9,")
    buffer.writeBytes(bytes)
    buffer.writeString("\"}]")
    buffer.moveReaderIndex(forwardBy: 3)
    buffer.moveWriterIndex(to: 3 + bytes.count)
    return buffer
}

func buffer(_ text: String) -> ByteBuffer {
    buffer(Array(text.utf8))
}

extension MessageLimits {
    static let unchecked = MessageLimits(enforcesUniqueIDLength: false)
    static let checked = MessageLimits(enforcesUniqueIDLength: true)
}

func parse(frame text: String, limits: MessageLimits = .unchecked) throws(OCPPMessageProblem) -> OCPPMessage {
    try OCPPMessage.parse(frame: buffer(text), version: .v16, limits: limits)
}

func parse(relay text: String, limits: MessageLimits = .unchecked) throws(OCPPMessageProblem) -> OCPPMessage {
    try OCPPMessage.parse(relay: buffer(text), version: .v16, limits: limits)
}

/// What a text was refused for; nil if it was read.
func problem(_ read: () throws(OCPPMessageProblem) -> OCPPMessage) -> OCPPMessageProblem? {
    do throws(OCPPMessageProblem) {
        _ = try read()
        return nil
    } catch {
        return error
    }
}

func problem(frame text: String, limits: MessageLimits = .unchecked) -> OCPPMessageProblem? {
    problem { () throws(OCPPMessageProblem) in try parse(frame: text, limits: limits) }
}

func problem(frame bytes: [UInt8]) -> OCPPMessageProblem? {
    problem { () throws(OCPPMessageProblem) in try OCPPMessage.parse(frame: buffer(bytes), version: .v16) }
}

func problem(relay text: String, limits: MessageLimits = .unchecked) -> OCPPMessageProblem? {
    problem { () throws(OCPPMessageProblem) in try parse(relay: text, limits: limits) }
}

extension OCPPMessageProblem {
    /// A malformed message's type and UniqueId, without the words.
    struct Readable: Equatable {
        var type: MessageType?
        var uniqueID: UniqueID?
    }

    var readable: Readable? {
        guard case .malformed(let type, let uniqueID, _) = self else { return nil }
        return Readable(type: type, uniqueID: uniqueID)
    }

    var reason: String? {
        guard case .malformed(_, _, let reason) = self else { return nil }
        return reason
    }
}

extension OCPPMessage {
    /// The bytes of one of its parts, as text.
    func written(_ part: Range<Int>?) -> String? {
        part.map { String(decoding: text.readableBytesView.dropFirst($0.lowerBound).prefix($0.count), as: UTF8.self) }
    }

    /// The parts of its body, as they were written.
    var writtenBody: [String?] {
        switch body {
        case .call(let action, let payload), .send(let action, let payload): [action, written(payload)]
        case .callResult(let payload): [written(payload)]
        case .callError(let code, let description, let details),
            .callResultError(let code, let description, let details):
            [written(code), written(description), written(details)]
        }
    }
}
