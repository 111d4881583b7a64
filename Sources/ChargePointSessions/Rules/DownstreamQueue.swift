import DequeModule
import MemoryBudget
import NIOCore
import OutsideNames

/// The CALLs towards one charge point: at most one is unanswered, the others wait (OCPP-J 1.6, 4.1.1). In a box,
/// because most charge points have none most of the time.
final class DownstreamQueue {
    struct Call: Equatable, Sendable {
        let uniqueID: UniqueID
        let action: String
        /// As it goes to the charge point; empty once it has gone.
        var frame: ByteBuffer
        /// The end of its MQTT 5 Message Expiry Interval.
        let expires: NIODeadline?
        /// What a ChangeConfiguration or SetVariables makes the heartbeat interval, in seconds, if the charge point
        /// accepts it.
        var heartbeatInterval: Double?
        /// It was sent over the management API: nobody but that caller hears what became of it.
        var isOperators = false

        var size: Int { frame.readableBytes }
    }

    enum Admission: Equatable {
        /// The caller sends it now.
        case send
        case wait
        case full
        /// This session, or all sessions together, would hold too many bytes.
        case tooManyBytes
        /// One with its UniqueId waits or is unanswered already.
        case duplicate
        case expired
    }

    /// What an answer of the charge point belongs to.
    enum Answer: Equatable {
        case unanswered(Call, sentAt: NIODeadline)
        /// A CALL that was given up before.
        case late(Call)
        case unknown
    }

    /// How many given-up CALLs are remembered for a late answer.
    static let rememberedCalls = 16

    private(set) var unanswered: Call?
    private var unansweredSince = NIODeadline.distantPast
    private var waiting: Deque<Call> = []
    private var givenUp: [Call] = []

    var waitingCount: Int { waiting.count }
    /// Nothing is unanswered, waits, or may still be answered late.
    var isEmpty: Bool { unanswered == nil && waiting.isEmpty && givenUp.isEmpty }

    /// - Parameter memory: what waits here and elsewhere for the charge point.
    func admit(_ call: Call, limit: Int, memory: inout MemoryShare, now: NIODeadline) -> Admission {
        if unanswered?.uniqueID == call.uniqueID || waiting.contains(where: { $0.uniqueID == call.uniqueID }) {
            return .duplicate
        }
        if let expires = call.expires, expires <= now { return .expired }
        if unanswered == nil {
            send(call, now: now)
            return .send
        }
        guard waiting.count < limit else { return .full }
        guard memory.take(call.size) else { return .tooManyBytes }
        waiting.append(call)
        return .wait
    }

    private func send(_ call: Call, now: NIODeadline) {
        unanswered = call
        unanswered?.frame = ByteBuffer()
        unansweredSince = now
        givenUp.removeAll { $0.uniqueID == call.uniqueID }
    }

    func takeAnswered(_ uniqueID: UniqueID) -> Answer {
        if let call = unanswered, call.uniqueID == uniqueID {
            unanswered = nil
            return .unanswered(call, sentAt: unansweredSince)
        }
        guard let index = givenUp.firstIndex(where: { $0.uniqueID == uniqueID }) else { return .unknown }
        return .late(givenUp.remove(at: index))
    }

    /// The action of the CALL, unanswered or given up, that an answer may belong to.
    func action(of uniqueID: UniqueID) -> String? {
        if let call = unanswered, call.uniqueID == uniqueID { return call.action }
        return givenUp.first { $0.uniqueID == uniqueID }?.action
    }

    /// The next CALL that goes out, when none is unanswered.
    func takeNext(memory: inout MemoryShare, now: NIODeadline) -> Call? {
        guard unanswered == nil, let call = waiting.popFirst() else { return nil }
        memory.give(call.size)
        send(call, now: now)
        return call
    }

    /// A waiting CALL whose expiry has passed.
    func takeExpired(memory: inout MemoryShare, now: NIODeadline) -> Call? {
        guard let index = waiting.firstIndex(where: { $0.expires.map { $0 <= now } ?? false }) else { return nil }
        let call = waiting.remove(at: index)
        memory.give(call.size)
        return call
    }

    /// The unanswered CALL, when it is older than `timeout`.
    func giveUp(after timeout: TimeAmount, now: NIODeadline) -> Call? {
        guard let call = unanswered, now - unansweredSince >= timeout else { return nil }
        unanswered = nil
        if givenUp.count == Self.rememberedCalls { givenUp.removeFirst() }
        givenUp.append(call)
        return call
    }

    /// When something of it falls due.
    func nextDeadline(callTimeout: TimeAmount) -> NIODeadline? {
        var deadline = unanswered == nil ? nil : unansweredSince + callTimeout
        for call in waiting {
            if let expires = call.expires { deadline = min(expires, deadline ?? expires) }
        }
        return deadline
    }

    /// All that was not answered, in order, and nothing is left.
    func takeAll(memory: inout MemoryShare) -> [Call] {
        for call in waiting { memory.give(call.size) }
        let all = (unanswered.map { [$0] } ?? []) + Array(waiting)
        unanswered = nil
        waiting.removeAll()
        return all
    }
}
