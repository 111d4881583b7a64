import BrokerLink
import ChargePointSessions
import Management
import NIOCore
import OutsideNames
import WebSocketFrontEnd

extension GatewayControl: ClientOperations {
    func roster(changedSince revision: UInt64?) async -> ClientRoster? {
        service.sight.roster.roster(changedSince: revision)
    }

    func snapshots(of sessions: [SessionKey]) async -> [ClientSnapshot] {
        let here = service.sight.roster.sessions(sessions)
        let made = await SessionRegistry.snapshots(of: here.map(\.session))
        let bySession = Dictionary(made.map { ($0.sessionID, $0) }) { first, _ in first }
        return here.compactMap { entry, session in
            bySession[session.sessionID].map { snapshot in
                ClientSnapshot(snapshot, entry: entry)
            }
        }
    }

    func holder(of identity: ChargePointIdentity) async -> String? {
        guard let takeover = service.takeover else { return nil }
        for listener in service.configuration.listeners {
            let topics = SessionTopics(templates: listener.topics, identity: identity, version: nil)
            if let gateway = takeover.holder(ofDownstreamTopic: topics.downstream) { return gateway.text }
        }
        return nil
    }

    func kick(_ session: SessionKey) async -> Bool {
        guard let session = self.session(session) else { return false }
        let ended = session.eventLoop.submit {
            session.assumeIsolated { session in
                guard !session.isEnded else { return false }
                session.end(.kicked)
                return true
            }
        }
        // It fails only where the loop has been shut down, and all sessions with it.
        return (try? await ended.get()) ?? false
    }

    func subscriptions(of session: SessionKey) async -> [ClientSubscription]? {
        guard let session = self.session(session),
            let snapshot = await SessionRegistry.snapshots(of: [session]).first
        else { return nil }
        guard snapshot.isOpen else { return [] }
        let qos = Int(service.configuration.broker.qualityOfService.rawValue)
        return [ClientSubscription(topic: snapshot.downstreamTopic, qos: qos)]
    }

    /// Nil: it has ended.
    func session(_ key: SessionKey) -> ChargePointSession? {
        service.sight.roster.sessions([key]).first?.session
    }
}

extension ClientSnapshot {
    fileprivate init(_ snapshot: SessionSnapshot, entry: ClientRoster.Entry) {
        let traffic = snapshot.traffic
        self.init(
            entry: entry, port: PeerText(snapshot.chargePoint.remoteAddress).port ?? 0,
            mountpoint: snapshot.mountpoint,
            heartbeatInterval: Int(snapshot.keepAlive.rounded()), subscriptions: snapshot.isOpen ? 1 : 0,
            callsDownInFlight: snapshot.hasUnansweredCall ? 1 : 0, downstreamQueued: snapshot.queuedCalls,
            downstreamQueueLimit: snapshot.longestQueue, downstreamRefused: Int(traffic.droppedCalls),
            openCallsUp: snapshot.openCallsUp,
            received: Traffic(messages: Int(traffic.receivedMessages), bytes: traffic.receivedBytes),
            sent: Traffic(messages: Int(traffic.sentMessages), bytes: traffic.sentBytes),
            lastSeenAt: Timestamp(millisecondsSince1970: snapshot.lastSeenAt),
            badMessages: Int(traffic.badMessages), lastBadMessage: snapshot.lastBadMessage?.text,
            securityProfile: Int(snapshot.chargePoint.securityProfile), boot: snapshot.boot.map(Boot.init))
    }
}

extension ClientSnapshot.Boot {
    /// What was not said is null.
    fileprivate init(_ boot: BootIdentity) {
        func said(_ text: String) -> String? { text.isEmpty ? nil : text }
        self.init(vendor: said(boot.vendor), model: said(boot.model), firmware: said(boot.firmware))
    }
}

extension BadMessageNote {
    fileprivate var text: String {
        let time = Timestamp(millisecondsSince1970: milliseconds).text
        return "\(time) \(code.map { "\($0): " } ?? "")\(description)"
    }
}
