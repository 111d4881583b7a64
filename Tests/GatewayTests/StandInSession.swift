import ChargePointSessions
import Logging
import NIOCore
import OutsideNames

/// A session whose broker is nobody; what is sent to its charge point can be heard.
enum StandInSession {
    /// Connects; it is in the registry when this returns.
    static func connect(
        _ identity: ChargePointIdentity, to registry: SessionRegistry, counters: SessionCounters = SessionCounters(),
        events: (any SessionEventSink)? = nil, listener: String = "default", address: String = "192.0.2.7:5123",
        in context: SessionContext? = nil, on eventLoop: any EventLoop,
        sent: @escaping @Sendable (ByteBuffer) -> Void = { _ in }
    ) async throws -> ChargePointSession {
        let context =
            context
            ?? SessionContext(
                settings: SessionSettings(), registry: registry, mountpoint: "ocpp/", counters: counters,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, gatewayID: "gw1", events: events)
        let chargePoint = ChargePoint(
            identity: identity, version: .v16, remoteAddress: address, listener: listener, username: "user")
        return try await eventLoop.submit {
            let session = ChargePointSession(
                chargePoint: chargePoint,
                topics: SessionTopics(templates: RelayTopicTemplates(), identity: identity, version: .v16),
                context: context, connection: ConnectionToNobody(eventLoop: eventLoop, sent: sent), link: NoLink())
            session.assumeIsolated { session in
                session.start()
                session.subscriptionAcknowledged()
            }
            return session
        }.get()
    }
}

private struct ConnectionToNobody: ChargePointConnection {
    let eventLoop: any EventLoop
    let sent: @Sendable (ByteBuffer) -> Void

    func send(text: ByteBuffer) { sent(text) }
    func hasRoom(for bytes: Int) -> Bool { true }
    func sendPing() {}
    func close(code: UInt16, reason: String) {}
    func pauseReading() {}
    func resumeReading() {}
    func armTimer(at deadline: NIODeadline) {}
    func hasAcknowledgedAll() -> Bool { false }
}

private struct NoLink: UpstreamLink {
    let isUp = true

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission { .accepted }
    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?) {}
    func unsubscribe(_ session: ChargePointSession) {}
}
