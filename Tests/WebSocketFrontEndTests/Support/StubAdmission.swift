import Authentication
import NIOCore
import Synchronization

@testable import WebSocketFrontEnd

/// Takes every handshake unless told to refuse, and records everything.
final class StubAdmission: ConnectionAdmission {
    typealias Verdict = AuthenticationVerdict

    let refusals = EventQueue<HandshakeRefusal>()
    let sessions = EventQueue<StubSession>()
    private let refusalReason = Mutex<String?>(nil)
    private let refusalCount = Mutex(0)
    private let opened = Mutex<[StubSession]>([])
    private let onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)?
    /// Nil: everyone is let in.
    private let authenticator: (@Sendable (Credentials) async -> Verdict)?
    let credentials = EventQueue<Credentials>()
    /// One for each that was let in and is let go of.
    let dropped = EventQueue<Void>()
    let takesTokens: Bool
    let userNameIsSecret: Bool

    /// - Parameter onText: Called on the event loop with each message, before it is recorded.
    init(
        onText: (@Sendable (WebSocketConnection, ByteBuffer) -> Void)? = nil, takesTokens: Bool = false,
        userNameIsSecret: Bool = false, authenticator: (@Sendable (Credentials) async -> Verdict)? = nil
    ) {
        self.onText = onText
        self.takesTokens = takesTokens
        self.userNameIsSecret = userNameIsSecret
        self.authenticator = authenticator
    }

    var numberOfRefusals: Int { refusalCount.withLock { $0 } }

    func refuseAll(_ reason: String) {
        refusalReason.withLock { $0 = reason }
    }

    var refusal: String? { refusalReason.withLock { $0 } }

    func admit(_ credentials: Credentials, on eventLoop: any EventLoop) -> AdmissionDecision {
        guard let authenticator else { return .now(.admitted(admitted(.init()))) }
        self.credentials.add(credentials)
        return .later {
            switch await authenticator(credentials).minding(credentials.securityProfile) {
            case .accepted(let acceptance): .admitted(self.admitted(acceptance))
            case .refused(let refusal): .refused(refusal)
            }
        }
    }

    private func admitted(_ acceptance: Verdict.Acceptance) -> StubAdmitted {
        StubAdmitted(acceptance, onDrop: { [dropped] in dropped.add(()) }) { connection, handshake in
            let session = StubSession(connection: connection, handshake: handshake, onText: self.onText)
            self.opened.withLock { $0.append(session) }
            self.sessions.add(session)
            return session
        }
    }

    func handshakeRefused(_ refusal: HandshakeRefusal) {
        refusalCount.withLock { $0 += 1 }
        refusals.add(refusal)
    }

    func endConnections(over time: Duration) async {
        for session in opened.withLock({ $0 }) {
            try? await session.onLoop { $0.close(code: 1001, reason: "going away") }
        }
    }
}

/// A session that records what it is told.
final class StubSession: ConnectionDelegate {
    enum Event: Equatable {
        case text(String)
        case timer
        case ended(ConnectionEnd)

        var endReason: ConnectionEnd.Reason? {
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
        lifeSigns.withLock { $0 += 1 }
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
