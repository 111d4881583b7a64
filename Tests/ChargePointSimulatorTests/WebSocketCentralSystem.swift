import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import OCPPJ
import Synchronization
import TestSupport

@testable import ChargePointSimulator

/// A tiny WebSocket server on a free port of the loopback, which answers charge points as `CentralSystem` does and
/// remembers what it saw.
final class WebSocketCentralSystem: Sendable {
    /// What happened with one identity, in order.
    enum Event: Equatable {
        case connected(authorization: String?)
        case received(SimulatorMessage)
        /// Neither an OCPP message nor anything else that a charge point may send.
        case unexpected(String)
        case closed(code: UInt16?)
    }

    private struct State {
        var events: [String: [Event]] = [:]
        var centralSystem: CentralSystem
        var channels: [String: any Channel] = [:]
        /// As the subprotocol says.
        var versions: [String: OCPPVersion] = [:]
        var listener: (any Channel)?
    }

    private let state: Mutex<State>
    private let subprotocols: [String]
    private let tls: NIOSSLContext?

    /// - Parameters:
    ///   - subprotocols: of these the first that is offered is agreed.
    ///   - tls: nil: without TLS.
    init(subprotocols: [String] = OCPPVersion.allCases.map(\.subprotocol), tls: NIOSSLContext? = nil) {
        self.subprotocols = subprotocols
        self.tls = tls
        let settings = CentralSystem.Settings(heartbeatInterval: 60, commandsPerMinute: 0, seed: 1)
        state = Mutex(State(centralSystem: CentralSystem(settings: settings, clock: WallClock(), run: "test")))
    }

    /// - Parameter wanted: nil: one that nobody has.
    /// - Returns: the port.
    func start(port wanted: Int? = nil) async throws -> Int {
        let port = try wanted ?? freePort()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
        return port
    }

    /// Stops listening and breaks every connection.
    func stop() async {
        let channels = state.withLock { state in
            defer {
                state.listener = nil
                state.channels = [:]
            }
            return Array(state.channels.values) + [state.listener].compactMap(\.self)
        }
        for channel in channels { try? await channel.close().get() }
    }

    private func configure(_ channel: any Channel) throws {
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
                guard head.uri.hasPrefix("/ocpp/") else { return channel.eventLoop.makeSucceededFuture(nil) }
                let agreed = offered.first { self.subprotocols.contains($0) }
                let headers = HTTPHeaders(agreed.map { [("Sec-WebSocket-Protocol", $0)] } ?? [])
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    let identity = String(head.uri.dropFirst("/ocpp/".count))
                    let offered = head.headers.first(name: "Sec-WebSocket-Protocol")
                    self.state.withLock {
                        $0.channels[identity] = channel
                        // A simulated charge point offers one.
                        $0.versions[identity] = offered.flatMap(OCPPVersion.init(subprotocol:))
                    }
                    self.record(.connected(authorization: head.headers.first(name: "Authorization")), of: identity)
                    try channel.pipeline.syncOperations.addHandler(FrameHandler(server: self, identity: identity))
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(name: "refusal", promise: nil)
                }
            ))
        try channel.pipeline.syncOperations.addHandler(RefusalHandler(), name: "refusal")
    }

    func record(_ event: Event, of identity: String) {
        state.withLock { $0.events[identity, default: []].append(event) }
    }

    fileprivate func answer(_ message: SimulatorMessage, of identity: String) -> SimulatorMessage? {
        record(.received(message), of: identity)
        return state.withLock { state in
            let version = state.versions[identity]
            return state.centralSystem.received(message, from: identity, version: version, at: .now())
        }
    }

    func events(of identity: String) -> [Event] {
        state.withLock { $0.events[identity] ?? [] }
    }

    var identities: Set<String> {
        state.withLock { Set($0.events.keys) }
    }

    func version(of identity: String) -> OCPPVersion? {
        state.withLock { $0.versions[identity] }
    }

    /// The CALLs of an identity; StatusNotifications with their status and connector, TransactionEvents with their type.
    func calls(of identity: String) -> [String] {
        events(of: identity).compactMap { event in
            guard case .received(.call(_, let action, let payload)) = event else { return nil }
            switch action {
            case "StatusNotification":
                let status = payload["status"] ?? payload["connectorStatus"]
                return "\(status?.stringValue ?? "?") \(payload["connectorId"]?.integerValue ?? -1)"
            case "TransactionEvent": return payload["eventType"]?.stringValue
            default: return action
            }
        }
    }

    func send(_ message: SimulatorMessage, to identity: String) async throws {
        let channel = state.withLock { $0.channels[identity] }
        try await channel?.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: message.ocppJ()))
    }

    func close(_ identity: String) async throws {
        let channel = state.withLock { $0.channels[identity] }
        try await channel?.close()
    }

    /// Answers with 404 what is no upgrade.
    private final class RefusalHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private final class FrameHandler: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame

        private let server: WebSocketCentralSystem
        private let identity: String
        private var isClosed = false

        init(server: WebSocketCentralSystem, identity: String) {
            self.server = server
            self.identity = identity
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            var body = frame.unmaskedData
            switch frame.opcode {
            case .text:
                guard let message = try? SimulatorMessage(ocppJ: body) else {
                    return server.record(.unexpected(String(buffer: body)), of: identity)
                }
                if let answer = server.answer(message, of: identity) {
                    let reply = WebSocketFrame(fin: true, opcode: .text, data: answer.ocppJ())
                    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
                }
            case .connectionClose:
                isClosed = true
                server.record(.closed(code: body.readInteger()), of: identity)
                let echo = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
                context.writeAndFlush(wrapOutboundOut(echo), promise: nil)
                context.close(promise: nil)
            default:
                server.record(.unexpected("opcode \(frame.opcode)"), of: identity)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !isClosed { server.record(.closed(code: nil), of: identity) }
        }
    }
}
