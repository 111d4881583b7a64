import JSONText
import NIOCore
import OCPPJ
import OutsideNames

/// What one gateway tells the others about a session (relay-format.md, "Several gateways on one broker").
package struct SessionClaim: Sendable, Equatable {
    /// Why a message on a claim topic is no claim.
    package struct Flaw: Error, Equatable {
        package var reason: String
    }

    /// Bytes of a claim, which anyone who may publish there can send.
    static let longestPayload = 8192
    private static let longestSession = 64
    private static let keys: Set<String> = [
        "gateway", "session", "time", "successor", "asks", "answers", "delivered", "hello",
    ]

    package let gateway: ClientID
    package let session: String
    /// Milliseconds since 1970.
    package let time: Int64
    /// Set on the last word about a session: the newer one, of another gateway, in whose favour it has ended. All that
    /// was to be reported of it was published before.
    package let successor: String?
    /// Set where this is no session at all, but the question who has the charge point and got the message with this
    /// UniqueId; the session id is then the question's name.
    package let inquiredMessage: UniqueID?
    /// The inquiry that this is the answer to.
    package let inquiry: String?
    /// The answer is that the message was delivered there, whenever the session began.
    package let hasDelivered: Bool
    /// A gateway has linked with the broker, and asks whether there are others; the session id is the question's name.
    package let isHello: Bool

    package init(
        gateway: ClientID, session: String, time: Int64, successor: String? = nil, inquiredMessage: UniqueID? = nil,
        inquiry: String? = nil, hasDelivered: Bool = false, isHello: Bool = false
    ) {
        self.gateway = gateway
        self.session = session
        self.time = time
        self.successor = successor
        self.inquiredMessage = inquiredMessage
        self.inquiry = inquiry
        self.hasDelivered = hasDelivered
        self.isHello = isHello
    }

    /// It says that a session begins, or is there still.
    var isOfSession: Bool { inquiredMessage == nil && inquiry == nil && successor == nil && !isHello }

    package var isAnswer: Bool { inquiry != nil }

    /// Older than every session, so that it ends none.
    static func inquiry(by gateway: ClientID, message uniqueID: UniqueID) -> SessionClaim {
        SessionClaim(gateway: gateway, session: RandomID.make(), time: 0, inquiredMessage: uniqueID)
    }

    /// The session is there.
    func answer(to inquiry: SessionClaim) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time, inquiry: inquiry.session)
    }

    /// The message was delivered by this session.
    func delivered(answering inquiry: SessionClaim) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time, inquiry: inquiry.session, hasDelivered: true)
    }

    static func hello(by gateway: ClientID, time: Int64) -> SessionClaim {
        SessionClaim(gateway: gateway, session: RandomID.make(), time: time, isHello: true)
    }

    /// This gateway is there.
    func welcome(from gateway: ClientID, time: Int64) -> SessionClaim {
        SessionClaim(gateway: gateway, session: RandomID.make(), time: time, inquiry: session)
    }

    /// The later claim is the newer session; ties go to the greater session id, by its bytes.
    package func isNewer(than other: SessionClaim) -> Bool {
        time != other.time ? time > other.time : other.session.utf8.lexicographicallyPrecedes(session.utf8)
    }

    func dated(_ time: Int64) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time)
    }

    func ended(inFavourOf newer: SessionClaim) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time, successor: newer.session)
    }

    // MARK: As bytes

    /// Its JSON text.
    package func payload() -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: 192)
        out.writeStaticString("{\"gateway\":")
        out.writeJSONString(gateway)
        out.writeStaticString(",\"session\":")
        out.writeJSONString(session)
        out.writeStaticString(",\"time\":")
        out.writeJSONString(WallClock.timestamp(milliseconds: time))
        if let successor {
            out.writeStaticString(",\"successor\":")
            out.writeJSONString(successor)
        }
        if let inquiredMessage {
            out.writeStaticString(",\"asks\":")
            out.writeJSONString(inquiredMessage)
        }
        if let inquiry {
            out.writeStaticString(",\"answers\":")
            out.writeJSONString(inquiry)
        }
        if hasDelivered { out.writeStaticString(",\"delivered\":\"yes\"") }
        if isHello { out.writeStaticString(",\"hello\":\"yes\"") }
        out.writeStaticString("}")
        return out
    }

    /// Reads a claim; keys that it does not know are ignored.
    package init(_ payload: ByteBuffer) throws(Flaw) {
        guard payload.readableBytes <= Self.longestPayload else { throw Flaw(reason: "too long") }
        var texts: [String: String] = [:]
        var flaw: Flaw?
        payload.withUnsafeReadableBytes { bytes in
            do throws(JSONSyntaxError) {
                var scanner = JSONScanner(bytes)
                scanner.skipWhitespace()
                let object = UnsafeRawBufferPointer(rebasing: bytes[try scanner.scanValue().range])
                try scanner.expectEnd()
                try JSONScanner.forEachMember(of: object) { key, value in
                    let name = key.text(in: object)
                    guard Self.keys.contains(name) else { return }
                    guard value.kind == .string else {
                        flaw = Flaw(reason: "\(name): not a string")
                        return
                    }
                    let isNew = texts.updateValue(value.text(in: object), forKey: name) == nil
                    if !isNew { flaw = Flaw(reason: "\(name): twice") }
                }
            } catch {
                flaw = Flaw(reason: "not a JSON object: \(error.reason)")
            }
        }
        if let flaw { throw flaw }
        guard let gateway = texts["gateway"], !gateway.isEmpty else { throw Flaw(reason: "gateway: missing") }
        guard let session = texts["session"], Self.isSessionID(session) else {
            throw Flaw(reason: "session: expected 1 to \(Self.longestSession) letters, digits, - and _")
        }
        guard let time = texts["time"].flatMap(WallClock.milliseconds(ofTimestamp:)) else {
            throw Flaw(reason: "time: expected RFC 3339 in UTC, such as 2026-01-31T12:00:00.000Z")
        }
        let successor = texts["successor"]
        guard successor.map(Self.isSessionID) ?? true else { throw Flaw(reason: "successor: not a session id") }
        let inquiry = texts["answers"]
        guard inquiry.map(Self.isSessionID) ?? true else { throw Flaw(reason: "answers: not a session id") }
        self.init(
            gateway: ClientID(gateway), session: session, time: time, successor: successor,
            inquiredMessage: texts["asks"].map { UniqueID($0) },
            inquiry: inquiry, hasDelivered: texts["delivered"] == "yes", isHello: texts["hello"] == "yes")
    }

    /// ASCII only, so that every gateway orders them alike.
    private static func isSessionID(_ text: String) -> Bool {
        (1...longestSession).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
