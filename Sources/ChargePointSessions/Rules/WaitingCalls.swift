import DequeModule
import OCPPJ
import OutsideNames

/// The CALLs of one charge point that wait in the gateway until fewer of its CALLs are open (behaviour.md, "OCPP-J
/// rules, both ways").
struct WaitingCalls {
    struct Call {
        let message: OCPPMessage
        /// Nil: a SEND, which keeps its place among them.
        let fingerprint: MessageFingerprint?

        var size: Int { message.text.readableBytes }
    }

    static let most = 64
    /// Bytes of all of them together.
    static let mostBytes = 256 << 10

    private var calls: Deque<Call> = []
    /// At most `mostBytes`.
    private var byteCount: UInt32 = 0

    var bytes: Int { Int(byteCount) }

    var isEmpty: Bool { calls.isEmpty }
    var beginsWithSend: Bool { calls.first.map { $0.fingerprint == nil } ?? false }
    var count: Int { calls.count }

    func hasRoom(for size: Int) -> Bool {
        calls.count < Self.most && size <= Self.mostBytes - bytes
    }

    func fingerprint(of uniqueID: UniqueID) -> MessageFingerprint? {
        calls.first { $0.fingerprint != nil && $0.message.uniqueID == uniqueID }?.fingerprint
    }

    mutating func append(_ call: Call) {
        calls.append(call)
        byteCount += UInt32(call.size)
    }

    mutating func popFirst() -> Call? {
        guard let call = calls.popFirst() else { return nil }
        byteCount -= UInt32(call.size)
        return call
    }

    /// The SENDs among them, in order; the CALLs stay.
    mutating func takeSends() -> [OCPPMessage] {
        let sends = calls.filter { $0.fingerprint == nil }
        calls.removeAll { $0.fingerprint == nil }
        byteCount -= UInt32(sends.reduce(0) { $0 + $1.size })
        return sends.map(\.message)
    }

    mutating func removeAll() {
        calls.removeAll()
        byteCount = 0
    }
}
