import NIOCore
import Synchronization

@testable import WebSocketFrontEnd

/// Takes every handshake unless told to refuse, and records everything.
final class StubAdmission: ConnectionAdmission {
    let refusals = EventQueue<HandshakeRefusal>()
    let sessions = EventQueue<StubSession>()
    private let refusalReason = Mutex<String?>(nil)
    private let refusalCount = Mutex(0)
    private let onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)?
    /// Asked by `authenticate` when set before the listener is made.
    private let authenticator: (@Sendable (HandshakeCredentials) async -> HandshakeVerdict)?
    let credentials = EventQueue<HandshakeCredentials>()

    /// - Parameter onText: Called on the event loop with each message, before it is recorded.
    init(
        onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)? = nil,
        authenticator: (@Sendable (HandshakeCredentials) async -> HandshakeVerdict)? = nil
    ) {
        self.onText = onText
        self.authenticator = authenticator
    }

    var numberOfRefusals: Int { refusalCount.withLock { $0 } }

    func refuseAll(_ reason: String) {
        refusalReason.withLock { $0 = reason }
    }

    func refusal(for listener: String) -> String? {
        refusalReason.withLock { $0 }
    }

    func authenticates(on listener: String) -> Bool { authenticator != nil }

    func authenticate(
        _ request: HandshakeCredentials, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HandshakeVerdict> {
        credentials.add(request)
        return eventLoop.makeFutureWithTask { await self.authenticator?(request) ?? .accepted(username: nil) }
    }

    func connectionOpened(
        _ connection: WebSocketConnection,
        _ handshake: AcceptedHandshake
    ) -> any ConnectionDelegate {
        let session = StubSession(connection: connection, handshake: handshake, onText: onText)
        sessions.add(session)
        return session
    }

    func handshakeRefused(_ refusal: HandshakeRefusal) {
        refusalCount.withLock { $0 += 1 }
        refusals.add(refusal)
    }
}

/// A session that records what it is told.
final class StubSession: ConnectionDelegate {
    enum Event: Equatable {
        case text(String)
        case timer
        case ended(ConnectionEnd)

        var endReason: String? {
            guard case .ended(let end) = self else { return nil }
            return end.reason
        }
    }

    let connection: WebSocketConnection
    let handshake: AcceptedHandshake
    let openedAt = NIODeadline.now()
    let events = EventQueue<Event>()
    private let lifeSigns = Mutex(0)
    private let onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)?

    init(
        connection: WebSocketConnection,
        handshake: AcceptedHandshake,
        onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)?
    ) {
        self.connection = connection
        self.handshake = handshake
        self.onText = onText
    }

    var numberOfLifeSigns: Int { lifeSigns.withLock { $0 } }

    func connectionReceived(text: ByteBuffer) {
        onText?(connection, text)
        events.add(.text(String(buffer: text)))
    }

    func connectionShowedLife(isPong: Bool) {
        lifeSigns.withLock { $0 += 1 }
    }

    func connectionTimerFired() {
        events.add(.timer)
    }

    func connectionEnded(_ end: ConnectionEnd) {
        events.add(.ended(end))
    }

    /// Does something with the connection where it may be done.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (WebSocketConnection) -> Result) async throws -> Result {
        try await connection.eventLoop.submit { [connection] in body(connection) }.get()
    }
}

extension WebSocketConnection {
    /// Nothing written is pending in the process.
    var isTakenAtOnce: Bool { stall == nil }
}
