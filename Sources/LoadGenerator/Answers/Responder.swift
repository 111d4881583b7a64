import Glibc
import NIOCore
import NIOPosix

/// Answers every CALL on the broker with an empty CALLRESULT: the central system of a load run.
package struct Responder: Sendable {
    package struct Plan: Sendable {
        package var host: String
        package var port: Int
        package var username: String?
        package var password: String?
        /// With one `+` for the charge point.
        package var topicUp = "ocpp/cp/+"
        /// With `${cid}` for the charge point.
        package var topicDown = "ocpp/cs/${cid}"
        package var qualityOfService: UInt8 = 0

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package enum Failure: Error, CustomStringConvertible {
        case topics
        case refused(UInt8)
        case closed

        package var description: String {
            switch self {
            case .topics: "--topics-up needs one '+', --topic-down one '${cid}'"
            case .refused(let code): "the broker refuses the connection, code \(code)"
            case .closed: "the broker closed the connection"
            }
        }
    }

    private let channel: any Channel

    /// Connects and subscribes.
    package static func start(_ plan: Plan, on eventLoop: any EventLoop) async throws -> Responder {
        let up = plan.topicUp.split(separator: "+", omittingEmptySubsequences: false)
        let down = plan.topicDown.components(around: "${cid}")
        guard up.count == 2, let down else { throw Failure.topics }
        let ready = eventLoop.makePromise(of: Void.self)
        do {
            let channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(.seconds(30))
                // Large reads: a burst of CALLs is one read, its answers one write.
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 64 * 1024))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ResponderHandler(
                                plan: plan, prefixLength: up[0].utf8.count, suffixLength: up[1].utf8.count,
                                downPrefix: down.0, downSuffix: down.1, ready: ready))
                    }
                }
                .connect(host: plan.host, port: plan.port).get()
            try await ready.futureResult.get()
            return Responder(channel: channel)
        } catch {
            // When nothing was connected, no handler has done so.
            ready.fail(error)
            throw error
        }
    }

    /// What its thread has used so far, in nanoseconds.
    func cpu() async throws -> UInt64 {
        try await channel.eventLoop.submit { ProcessUsage.cpuOfThisThread() }.get()
    }

    package func stop() async {
        try? await channel.close()
    }
}

extension String {
    /// The parts before and after the first occurrence of `separator`.
    fileprivate func components(around separator: String) -> (String, String)? {
        guard let range = firstRange(of: separator) else { return nil }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}

private final class ResponderHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: Responder.Plan
    private let prefixLength: Int
    private let suffixLength: Int
    private let downPrefix: [UInt8]
    private let downSuffix: [UInt8]
    private var ready: EventLoopPromise<Void>?

    private var pending: ByteBuffer?
    private var out = ByteBuffer()
    private var packetID: UInt16 = 0

    private static let answerHead = Array(#"{"MessageTypeId":3,"UniqueId":""#.utf8)
    private static let answerTail = Array(#"","Payload":{}}"#.utf8)
    private static let uniqueIDKey = Array(#""UniqueId""#.utf8)

    init(
        plan: Responder.Plan, prefixLength: Int, suffixLength: Int, downPrefix: String, downSuffix: String,
        ready: EventLoopPromise<Void>
    ) {
        self.plan = plan
        self.prefixLength = prefixLength
        self.suffixLength = suffixLength
        self.downPrefix = Array(downPrefix.utf8)
        self.downSuffix = Array(downSuffix.utf8)
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        // One of its own for each run, also of one process: the broker ends the connection of who had it before.
        let clientID = "load-responder-\(UInt32.random(in: 0 ... .max))"
        let connect = MQTTPacket.connect(clientID: clientID, username: plan.username, password: plan.password)
        context.writeAndFlush(wrapOutboundOut(connect), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if var earlier = pending {
            pending = nil
            earlier.writeBuffer(&buffer)
            buffer = earlier
        }
        do {
            while let packet = try MQTTPacket.next(in: &buffer) { try read(packet) }
        } catch {
            fail(error)
            return context.close(promise: nil)
        }
        if buffer.readableBytes > 0 { pending = buffer }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard out.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        out.clear()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(Responder.Failure.closed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        ready?.fail(error)
        ready = nil
    }

    private func read(_ packet: MQTTPacket.Received) throws {
        switch packet.first >> 4 {
        case 2:
            let code = packet.body.getInteger(at: packet.body.readerIndex + 1, as: UInt8.self) ?? 255
            guard code == 0 else { throw Responder.Failure.refused(code) }
            var subscribe = MQTTPacket.subscribe(
                packetID: 1, topic: plan.topicUp, qualityOfService: plan.qualityOfService)
            out.writeBuffer(&subscribe)
        case 9:
            ready?.succeed()
            ready = nil
        case 3: answer(packet)
        default: break
        }
    }

    private func answer(_ packet: MQTTPacket.Received) {
        var body = packet.body
        guard let topicLength = body.readInteger(as: UInt16.self).map(Int.init),
            let topic = body.readSlice(length: topicLength)
        else { return }
        let isAcknowledged = packet.first & 0x06 != 0
        if isAcknowledged, let packetID = body.readInteger(as: UInt16.self) {
            out.writeInteger(UInt16(0x4002))
            out.writeInteger(packetID)
        }
        let nameLength = topicLength - prefixLength - suffixLength
        guard nameLength > 0, let uniqueID = Self.uniqueID(in: body) else { return }
        let qualityOfService = plan.qualityOfService
        let downLength = downPrefix.count + nameLength + downSuffix.count
        let answerLength = Self.answerHead.count + uniqueID.readableBytes + Self.answerTail.count
        out.writeInteger(0x30 | qualityOfService << 1)
        out.writeRemainingLength(2 + downLength + (qualityOfService > 0 ? 2 : 0) + answerLength)
        out.writeInteger(UInt16(clamping: downLength))
        out.writeBytes(downPrefix)
        if let name = topic.getSlice(at: topic.readerIndex + prefixLength, length: nameLength) {
            out.writeImmutableBuffer(name)
        }
        out.writeBytes(downSuffix)
        if qualityOfService > 0 {
            packetID = packetID == .max ? 1 : packetID + 1
            out.writeInteger(packetID)
        }
        out.writeBytes(Self.answerHead)
        out.writeImmutableBuffer(uniqueID)
        out.writeBytes(Self.answerTail)
    }

    /// What stands in quotes behind the key `"UniqueId"`.
    private static func uniqueID(in body: ByteBuffer) -> ByteBuffer? {
        let range = body.withUnsafeReadableBytes { bytes -> Range<Int>? in
            guard let after = end(of: uniqueIDKey, in: bytes),
                let open = bytes[after...].firstIndex(of: UInt8(ascii: "\"")),
                let close = bytes[(open + 1)...].firstIndex(of: UInt8(ascii: "\""))
            else { return nil }
            return open + 1..<close
        }
        return range.flatMap { body.getSlice(at: body.readerIndex + $0.lowerBound, length: $0.count) }
    }

    /// The index after the first occurrence of `pattern`.
    private static func end(of pattern: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let first = pattern.first else { return nil }
        var index = 0
        while index + pattern.count <= bytes.count {
            guard let found = memchr(base + index, Int32(first), bytes.count - pattern.count - index + 1) else {
                return nil
            }
            index = UnsafeRawPointer(found) - base
            if memcmp(base + index, pattern, pattern.count) == 0 { return index + pattern.count }
            index += 1
        }
        return nil
    }
}
