import Authentication
import OutsideNames
import Synchronization

@testable import CredentialChecking

/// A backend that answers when the test says so. Each question is an event of `asked`.
final class ManualBackend: AuthenticationBackend {
    enum Question: Sendable, Equatable {
        case verdict(ChargePointIdentity)
        case probe
    }

    typealias Answer = Result<AuthenticationVerdict, BackendFailure>

    private struct State {
        var pending: [ChargePointIdentity: CheckedContinuation<Answer, Never>] = [:]
        var probeAnswers: [BackendFailure?] = []
        /// The answer behind those.
        var lastProbeAnswer: BackendFailure?
        var changes = 0
        var mostAtOnce = 0
    }

    private static let cancelled = Answer.failure(BackendFailure(.unreachable, reason: "cancelled"))

    let name = "manual"
    let server = "test:1"
    let asked: AsyncStream<Question>
    private let questions: AsyncStream<Question>.Continuation
    private let state = Mutex(State())
    private let unasked: AuthenticationVerdict.Refusal?
    let canBeProbed: Bool

    init(unasked: AuthenticationVerdict.Refusal? = nil, canBeProbed: Bool = true) {
        self.unasked = unasked
        self.canBeProbed = canBeProbed
        (asked, questions) = AsyncStream.makeStream()
    }

    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    func refusalUnasked(_ credentials: Credentials) -> AuthenticationVerdict.Refusal? { unasked }

    func verdict(on credentials: Credentials) async throws(BackendFailure) -> AuthenticationVerdict {
        let identity = credentials.identity
        let given: Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    state.pending[identity] = continuation
                    state.mostAtOnce = max(state.mostAtOnce, state.pending.count)
                }
                questions.yield(.verdict(identity))
                if Task.isCancelled { answer(identity, Self.cancelled) }
            }
        } onCancel: {
            answer(identity, Self.cancelled)
        }
        return try given.get()
    }

    func answer(_ identity: ChargePointIdentity, _ answer: Answer) {
        state.withLock { $0.pending.removeValue(forKey: identity) }?.resume(returning: answer)
    }

    func probe() async throws(BackendFailure) {
        let failure = state.withLock { state in
            state.probeAnswers.isEmpty ? state.lastProbeAnswer : state.probeAnswers.removeFirst()
        }
        questions.yield(.probe)
        if let failure { throw failure }
    }

    func setProbeAnswers(_ answers: [BackendFailure?]) {
        state.withLock { $0.probeAnswers = answers }
    }

    /// Every probe is answered so from here on; nil: well.
    func answerProbes(_ answer: BackendFailure?) {
        state.withLock { $0.lastProbeAnswer = answer }
    }

    func changeCount() async -> Int { state.withLock { $0.changes } }

    func change() {
        state.withLock { $0.changes += 1 }
    }
}
