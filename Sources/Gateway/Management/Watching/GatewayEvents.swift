import ChargePointSessions
import Management
import NIOCore
import OCPPJ
import OutsideNames
import Synchronization
import WebSocketFrontEnd

/// Tells those who watch the gateway what happens (management.md, "Events and traces"). Called on event loops and broker
/// threads: while nobody watches, an event costs one look at a counter.
final class GatewayEvents: SessionEventSink {
    /// Returns at once.
    typealias Sink = @Sendable (GatewayEvent) -> Void

    private struct State {
        var sinks: [Int: Sink] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let count = Atomic(0)

    var isListening: Bool { count.load(ordering: .relaxed) > 0 }

    /// - Returns: The sink's number.
    func add(_ sink: @escaping Sink) -> Int {
        state.withLock { state in
            state.next += 1
            state.sinks[state.next] = sink
            count.store(state.sinks.count, ordering: .relaxed)
            return state.next
        }
    }

    func remove(_ number: Int) {
        state.withLock { state in
            state.sinks[number] = nil
            count.store(state.sinks.count, ordering: .relaxed)
        }
    }

    func occurred(_ event: SessionEvent) {
        tell { GatewayEvent(event) }
    }

    func handshakeRefused(_ refusal: HandshakeRefusal) {
        tell { GatewayEvent(refusal) }
    }

    func brokerLinkChanged(connection: Int, isUp: Bool) {
        tell {
            GatewayEvent(
                kind: .broker, identity: nil,
                content: [
                    "time": .string(Timestamp.now.text), "connection": .integer(connection),
                    "status": isUp ? "up" : "down",
                ])
        }
    }

    private func tell(_ make: () -> GatewayEvent) {
        guard isListening else { return }
        let sinks = state.withLock { Array($0.sinks.values) }
        let event = make()
        for sink in sinks { sink(event) }
    }
}

extension GatewayEvent {
    fileprivate init(_ event: SessionEvent) {
        switch event {
        case .connected(let presence):
            self.init(
                kind: .connected, identity: presence.chargePoint.identity, content: .verbatim(presence.payload()))
        case .disconnected(let presence):
            self.init(
                kind: .disconnected, identity: presence.chargePoint.identity, content: .verbatim(presence.payload()))
        case .badMessage(let identity, let refused):
            self.init(
                kind: .badMessage, identity: identity, content: .verbatim(Self.about(identity, refused.relay())))
        case .report(let identity, let payload):
            self.init(kind: .report, identity: identity, content: .verbatim(Self.about(identity, payload)))
        }
    }

    /// An object of the relay format with the time, and the charge point that there is in the topic.
    private static func about(_ identity: ChargePointIdentity, _ object: ByteBuffer) -> ByteBuffer {
        var members = object
        members.moveReaderIndex(forwardBy: min(1, members.readableBytes))
        var out = ByteBufferAllocator().buffer(capacity: object.readableBytes + identity.utf8.count + 64)
        out.writeString("{\"time\":\"\(Timestamp.now.text)\",\"clientid\":")
        out.writeJSONString(identity)
        out.writeStaticString(",")
        out.writeBuffer(&members)
        return out
    }

    fileprivate init(_ refusal: HandshakeRefusal) {
        var content: [JSON.Member] = [
            .init("time", .string(Timestamp.now.text)), .init("clientid", .text(refusal.identity?.text)),
            .init("ip_address", .string(refusal.peer.host)), .init("listener", .string(refusal.listener.description)),
            .init("path", .text(refusal.request?.path)), .init("status", refusal.status.map { .integer($0) } ?? .null),
            .init("reason", .string(refusal.reason)),
        ]
        // Floods are told of in sums.
        if refusal.count > 1 { content.append(.init("count", .integer(refusal.count))) }
        self.init(kind: .refused, identity: refusal.identity, content: .object(content))
    }
}
