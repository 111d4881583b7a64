import NIOCore
import Synchronization
import TestSupport

/// A central system that speaks MQTT only: answers the CALLs of charge points and sends its own.
final class CentralSystem: Sendable {
    enum Answer: Sendable {
        case result(String)
        case error(code: String, description: String, details: String)
        case none
    }

    typealias Handler = @Sendable (RelayMessage) -> Answer

    /// How often it linked up with the broker.
    let links = Counter()
    /// Every upstream message, in its order.
    let received: Mailbox<RelayMessage>
    private let port: Int
    private let clientID: String
    private let version: MQTTVersion
    private let mountpoint: String
    private let handler: Mutex<Handler>
    private let client = Mutex<MQTTTestClient?>(nil)
    private let isStopped = Mutex(false)
    private let lastID = Counter()

    private let credentials: (user: String, password: String)?

    private init(
        port: Int, clientID: String, version: MQTTVersion, mountpoint: String,
        credentials: (user: String, password: String)?
    ) {
        self.credentials = credentials
        self.port = port
        self.clientID = clientID
        self.version = version
        self.mountpoint = mountpoint
        self.received = Mailbox("upstream messages")
        self.handler = Mutex({ CentralSystem.plainAnswer($0) })
    }

    /// Answers that a charge point can live with, for every action.
    static func plainAnswer(_ call: RelayMessage) -> Answer {
        switch call.action {
        case "BootNotification":
            .result(#"{"currentTime":"2026-01-01T00:00:00Z","interval":300,"status":"Accepted"}"#)
        case "Heartbeat": .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#)
        case "Authorize", "StopTransaction": .result(#"{"idTagInfo":{"status":"Accepted"}}"#)
        case "StartTransaction": .result(#"{"idTagInfo":{"status":"Accepted"},"transactionId":7}"#)
        case "DataTransfer": .result(#"{"status":"Accepted"}"#)
        default: .result("{}")
        }
    }

    /// Connected and subscribed to everything under the mountpoint's `cp/`. It comes back by itself when the
    /// broker goes, with its MQTT session kept.
    static func connect(
        port: Int, version: MQTTVersion = .v5, mountpoint: String = "ocpp/", clientID: String = "central-system",
        credentials: (user: String, password: String)? = nil
    ) async throws -> CentralSystem {
        let central = CentralSystem(
            port: port, clientID: clientID, version: version, mountpoint: mountpoint, credentials: credentials)
        try await central.link()
        return central
    }

    private func link() async throws {
        let client = try await MQTTTestClient.connect(
            port: port, clientID: clientID, version: version, cleanStart: false, credentials: credentials
        ) { [weak self] message in
            self?.receive(RelayMessage(message))
        }
        try await client.subscribe("\(mountpoint)cp/#")
        self.client.withLock { $0 = client }
        links.next()
        client.closed.whenComplete { [weak self] _ in
            Task { await self?.linkAgain() }
        }
    }

    private func linkAgain() async {
        while !isStopped.withLock({ $0 }) {
            if (try? await link()) != nil {
                return
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    func stop() async {
        isStopped.withLock { $0 = true }
        await client.withLock { $0 }?.disconnect()
    }

    /// How CALLs are answered from now on.
    func onCall(_ handler: @escaping Handler) {
        self.handler.withLock { $0 = handler }
    }

    private func receive(_ message: RelayMessage) {
        received.append(message)
        guard message.type == 2, let cid = chargePoint(of: message.topic) else {
            return
        }
        let handler = handler.withLock { $0 }
        answer(message, of: cid, with: handler(message))
    }

    /// Answers a CALL, now or later.
    func answer(_ call: RelayMessage, of cid: String, with answer: Answer) {
        let id = json(call.uniqueID ?? "")
        switch answer {
        case .result(let payload):
            post(#"{"MessageTypeId":3,"UniqueId":\#(id),"Payload":\#(payload)}"#, to: cid)
        case .error(let code, let description, let details):
            post(
                #"{"MessageTypeId":4,"UniqueId":\#(id),"ErrorCode":"\#(code)","#
                    + #""ErrorDescription":"\#(description)","ErrorDetails":\#(details)}"#, to: cid)
        case .none:
            break
        }
    }

    private func chargePoint(of topic: String) -> String? {
        guard topic.hasPrefix("\(mountpoint)cp/") else {
            return nil
        }
        return topic.dropFirst("\(mountpoint)cp/".count).split(separator: "/").first.map { String($0) }
    }

    func downstreamTopic(_ cid: String) -> String {
        "\(mountpoint)cs/\(cid)"
    }

    /// Publishes a text to a charge point's topic; waits until the broker has it.
    func send(_ text: String, to cid: String, qualityOfService: Int = 1, expiry: UInt32? = nil) async throws {
        var message = MQTTMessage(topic: downstreamTopic(cid), text: text)
        message.qualityOfService = qualityOfService
        message.messageExpiry = expiry
        try await publish(message)
    }

    /// Waits until the broker has it, and returns its reason code.
    @discardableResult
    func publish(_ message: MQTTMessage) async throws -> UInt8 {
        guard let client = client.withLock({ $0 }) else {
            throw Failure("the central system has no link")
        }
        return try await client.publish(message)
    }

    private func post(_ text: String, to cid: String) {
        client.withLock { $0 }?.post(MQTTMessage(topic: downstreamTopic(cid), text: text))
    }

    func sendCall(_ action: String, _ payload: String = "{}", id: String, to cid: String) async throws {
        try await send(
            #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"\#(action)","Payload":\#(payload)}"#, to: cid)
    }

    /// Sends a CALL and waits for its CALLRESULT or CALLERROR, which may be the gateway's.
    func call(_ action: String, _ payload: String = "{}", to cid: String) async throws -> RelayMessage {
        let id = "command-\(lastID.next())"
        try await sendCall(action, payload, id: id, to: cid)
        return try await reply(to: id, of: cid)
    }

    func reply(to id: String, of cid: String) async throws -> RelayMessage {
        let topic = "\(mountpoint)cp/\(cid)/Reply"
        return try await received.first("the reply to \(id) of \(cid)") { $0.topic == topic && $0.uniqueID == id }
    }

    func upstreamCall(_ action: String, id: String? = nil, of cid: String) async throws -> RelayMessage {
        let topic = "\(mountpoint)cp/\(cid)"
        return try await received.first("\(action) of \(cid)") {
            $0.topic == topic && $0.action == action && (id == nil || $0.uniqueID == id)
        }
    }
}
