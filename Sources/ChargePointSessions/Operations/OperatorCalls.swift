import NIOCore
import OutsideNames

/// The operators who wait for the answers to their CALLs, each told once.
struct OperatorCalls {
    typealias Answer = @Sendable (OperatorCallOutcome) -> Void

    private struct Waiting {
        var uniqueID: UniqueID
        var due: NIODeadline
        var answer: Answer
    }

    /// As many as CALLs may wait, at most.
    private var waiting: [Waiting] = []

    var deadline: NIODeadline {
        var deadline = NIODeadline.distantFuture
        for call in waiting { deadline = min(deadline, call.due) }
        return deadline
    }

    mutating func add(_ uniqueID: UniqueID, due: NIODeadline, _ answer: @escaping Answer) {
        waiting.append(Waiting(uniqueID: uniqueID, due: due, answer: answer))
    }

    /// Nil: that operator waits no longer.
    mutating func take(_ uniqueID: UniqueID) -> Answer? {
        guard let index = waiting.firstIndex(where: { $0.uniqueID == uniqueID }) else { return nil }
        return waiting.remove(at: index).answer
    }

    /// One that has waited for too long; ask until nil.
    mutating func takeDue(now: NIODeadline) -> (uniqueID: UniqueID, answer: Answer)? {
        guard let index = waiting.firstIndex(where: { $0.due <= now }) else { return nil }
        let call = waiting.remove(at: index)
        return (call.uniqueID, call.answer)
    }
}
