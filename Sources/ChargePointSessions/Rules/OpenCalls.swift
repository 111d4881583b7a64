import CallTracing
import NIOCore
import OutsideNames

/// The CALLs of one charge point that wait for their answer, oldest first.
struct OpenCalls {
    struct Call: Equatable {
        let uniqueID: UniqueID
        let action: String
        let fingerprint: MessageFingerprint
        let openedAt: NIODeadline
        /// Nil: it is not traced.
        var span: CallSpan?
    }

    /// A CALL that is open for so long no longer holds its charge point up (behaviour.md, "OCPP-J rules").
    static let longestHold = TimeAmount.seconds(30)

    private(set) var calls: [Call] = []

    func fingerprint(of uniqueID: UniqueID) -> MessageFingerprint? {
        calls.first { $0.uniqueID == uniqueID }?.fingerprint
    }

    mutating func open(_ uniqueID: UniqueID, action: String, _ fingerprint: MessageFingerprint, now: NIODeadline) {
        calls.append(Call(uniqueID: uniqueID, action: action, fingerprint: fingerprint, openedAt: now))
    }

    mutating func trace(_ uniqueID: UniqueID, _ span: CallSpan) {
        // It has been opened just now.
        guard let index = calls.lastIndex(where: { $0.uniqueID == uniqueID }) else { return }
        calls[index].span = span
    }

    func span(of uniqueID: UniqueID) -> CallSpan? {
        calls.first { $0.uniqueID == uniqueID }?.span
    }

    mutating func close(_ uniqueID: UniqueID) -> Call? {
        guard let index = calls.firstIndex(where: { $0.uniqueID == uniqueID }) else { return nil }
        return remove(at: index)
    }

    private mutating func remove(at index: Int) -> Call {
        let call = calls.remove(at: index)
        // Nothing is kept for the next one: most sessions have none open.
        if calls.isEmpty { calls = [] }
        return call
    }

    /// How many are young enough to count against `upstream.max_open_calls`.
    func countHolding(now: NIODeadline) -> Int {
        guard let oldest = calls.first, now - oldest.openedAt >= Self.longestHold else { return calls.count }
        return calls.count { now - $0.openedAt < Self.longestHold }
    }

    /// When the next of them stops to count.
    func nextRelease(now: NIODeadline) -> NIODeadline? {
        calls.first { now - $0.openedAt < Self.longestHold }.map { $0.openedAt + Self.longestHold }
    }

    mutating func takeOldest(olderThan age: TimeAmount, now: NIODeadline) -> Call? {
        guard let oldest = calls.first, now - oldest.openedAt >= age else { return nil }
        return remove(at: 0)
    }

    /// Forgets the oldest when there are more than `limit`, which bounds them where no time-out does.
    mutating func takeExcess(over limit: Int) -> Call? {
        calls.count > limit ? remove(at: 0) : nil
    }
}
