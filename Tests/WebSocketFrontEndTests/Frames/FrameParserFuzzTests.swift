import NIOCore
import NIOEmbedded
import NIOWebSocket
import ReferenceJSON
import TestSupport
import Testing

@testable import WebSocketFrontEnd

@Suite("Random and damaged frames, beside NIOWebSocket's decoder", .timeLimit(.minutes(2)))
struct FrameParserFuzzTests {
    private static let longest = 300

    struct Frame: Equatable {
        var firstByte: UInt8
        var isMasked: Bool
        var payload: [UInt8]
    }

    struct Reading: Equatable {
        var frames: [Frame] = []
        var violation: FrameViolation?
    }

    @Test(arguments: 0..<400)
    func `The same frames and the same refusals come of the same bytes, however they are cut`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<25 {
            var bytes = (0...random.below(6)).flatMap { _ in Self.frame(&random) }
            if random.once(in: 2) { ByteMutation.mutate(&bytes, times: 1 + random.below(3), random: &random) }
            let expected = try Self.decoded(bytes)
            let pieces = Self.cut(bytes, &random)
            #expect(Self.parsed(pieces) == expected, "seed \(seed): \(pieces)")
        }
    }

    // MARK: What is fed

    private static func frame(_ random: inout SeededRandom) -> [UInt8] {
        let opcode = random.pick([0, 1, 1, 1, 2, 8, 9, 10, 3, 11] as [UInt8])
        let flags = random.pick([0x80, 0x80, 0x80, 0x00, 0xC0, 0xA0, 0x90, 0x40] as [UInt8])
        let length = random.pick([0, 1, 3, 4, 15, 16, 17, 124, 125, 126, 127, 299, 300, 301])
        let payload = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var frame: [UInt8] = [flags | opcode]
        let mask: UInt8 = random.once(in: 8) ? 0 : 0x80
        switch random.below(20) {
        case 0:
            frame.append(mask | 127)
            frame += [random.once(in: 2) ? 0 : 0x80, 0, 0, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF)]
        case 1:
            frame += [mask | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default:
            frame += length <= 125 ? [mask | UInt8(length)] : [mask | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        }
        guard mask != 0 else { return frame + payload }
        let key = (0..<4).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        return frame + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    private static func cut(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        let longestPiece = random.pick([1, 2, 7, 40, 2000])
        var rest = bytes[...]
        var pieces: [[UInt8]] = []
        while !rest.isEmpty {
            let piece = rest.prefix(1 + random.below(longestPiece))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }

    // MARK: What comes of it

    private static func parsed(_ pieces: [[UInt8]]) -> Reading {
        var parser = FrameParser(longest: Self.longest)
        var reading = Reading()
        var payload = ByteBuffer()
        for piece in pieces {
            var bytes = ByteBuffer(bytes: piece)
            while true {
                if !parser.isInPayload {
                    let outcome = parser.takeHeader(from: &bytes)
                    if case .violation(let violation) = outcome { reading.violation = violation }
                    guard case .header = outcome else { break }
                }
                guard parser.takePayload(from: &bytes, to: &payload) else { break }
                reading.frames.append(
                    Frame(
                        firstByte: parser.header.firstByte, isMasked: parser.header.isMasked,
                        payload: Array(payload.readableBytesView)))
                payload.clear()
            }
        }
        return reading
    }

    /// By NIOWebSocket, all at once.
    private static func decoded(_ bytes: [UInt8]) throws -> Reading {
        let decoder = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: Self.longest))
        let channel = EmbeddedChannel(handler: decoder)
        var reading = Reading()
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        } catch let error as NIOWebSocketError {
            reading.violation =
                switch error {
                case .invalidFrameLength: .tooLong
                case .fragmentedControlFrame: .fragmentedControl
                case .multiByteControlFrameLength: .longControl
                }
        }
        while let frame = try channel.readInbound(as: WebSocketFrame.self) {
            let flags: [(Bool, UInt8)] = [
                (frame.fin, 0x80), (frame.rsv1, 0x40), (frame.rsv2, 0x20), (frame.rsv3, 0x10),
            ]
            let firstByte = flags.reduce(UInt8(webSocketOpcode: frame.opcode)) { $0 | ($1.0 ? $1.1 : 0) }
            reading.frames.append(
                Frame(
                    firstByte: firstByte, isMasked: frame.maskKey != nil,
                    payload: Array(frame.unmaskedData.readableBytesView)))
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return reading
    }
}
