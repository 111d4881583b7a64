import NIOHTTP1
import OutsideNames

/// One connection's opening handshake, from its request to the switch to WebSocket.
///
///     waitingForRequest ─ request ─► waitingForPlace ─ place ─► waitingForVerdict ─ admitted ─► waitingForEnd ─ end ─►
///         │                            │                          │      (end is noted)            │          upgrading
///         └──────── a fault ───────────┴──────────────────────────┴────────────────────────────────┴──────────────┤
///                                                                                                                 ▼
///       refused (answered, until the peer closes)                                        over (switched, or gone)
///
/// A place among `maxConnections` belongs to the states that need one, and is given back by whatever ends them.
struct HandshakeStateMachine: ~Copyable {
    /// A request whose path and identity are right.
    private struct Request {
        var head: HTTPRequestHead
        var identity: ChargePointIdentity
    }

    private enum State: ~Copyable {
        case waitingForRequest
        case waitingForPlace(Request)
        /// What was decided about the rest waits for the verdict.
        case waitingForVerdict(Request, HandshakeOutcome, ListenerPlace, hasEnded: Bool)
        /// The 101 goes out once the request has been read to its end.
        case waitingForEnd(Request, HandshakeOutcome, ListenerPlace, any AdmittedConnection)
        case upgrading(Request, HandshakeOutcome, ListenerPlace, any AdmittedConnection)
        /// Answered; closed when the peer has closed too, or at the deadline.
        case refused
        case over
    }

    private let rules: HandshakeRules
    private var state = State.waitingForRequest

    init(rules: HandshakeRules) {
        self.rules = rules
    }

    /// The state, to be put back or to be followed by another; until then the handshake is over.
    private mutating func takeState() -> State {
        var taken = State.over
        swap(&taken, &state)
        return taken
    }

    // MARK: The request

    enum RequestAction: Equatable {
        case takePlace(ChargePointIdentity)
        case refuse(HandshakeAnswer)
        /// A pipelined request behind one that is answered already.
        case ignore
    }

    mutating func requestCame(_ head: HTTPRequestHead) -> RequestAction {
        switch takeState() {
        case .waitingForRequest:
            do throws(HandshakeAnswer) {
                let identity = try rules.identity(in: head)
                state = .waitingForPlace(Request(head: head, identity: identity))
                return .takePlace(identity)
            } catch {
                state = .refused
                return .refuse(error)
            }
        case let other:
            state = other
            return .ignore
        }
    }

    enum PlaceAction: Equatable {
        /// `subprotocol`: as it will be agreed; nil where the handshake will end for want of one.
        case ask(ChargePointIdentity, subprotocol: String?)
        case refuse(HandshakeAnswer)
        case ignore
    }

    /// - Parameter certificate: What the client, or a proxy in front, has shown.
    mutating func gotPlace(
        _ place: consuming ListenerPlace, certificate: PeerCertificate?, takesTokens: Bool
    ) -> PlaceAction {
        switch takeState() {
        case .waitingForPlace(let request):
            let fault = rules.fault(
                in: request.head, certificate: certificate, identity: request.identity, takesTokens: takesTokens)
            if let fault {
                state = .refused
                return .refuse(fault)
            }
            let outcome = rules.outcome(of: request.head, identity: request.identity)
            state = .waitingForVerdict(request, outcome, place, hasEnded: false)
            return .ask(request.identity, subprotocol: outcome.subprotocol)
        case let other:
            state = other
            return .ignore
        }
    }

    /// - Parameter reason: Why the connection cannot be taken now; the peer is told.
    mutating func gotNoPlace(_ reason: String) -> PlaceAction {
        switch takeState() {
        case .waitingForPlace(let request):
            state = .refused
            return .refuse(.unavailable(reason, identity: request.identity))
        case let other:
            state = other
            return .ignore
        }
    }

    // MARK: The verdict

    /// What the 101 is written from.
    struct Upgrade: Equatable {
        var request: HTTPRequestHead
        var outcome: HandshakeOutcome
    }

    enum VerdictAction: Equatable {
        case upgrade(Upgrade)
        case waitForEnd
        case refuse(HandshakeAnswer)
        /// The connection has ended meanwhile.
        case ignore
    }

    mutating func decided(_ admission: Admission, takesTokens: Bool) -> VerdictAction {
        switch takeState() {
        case .waitingForVerdict(let request, let outcome, let place, let hasEnded):
            let admitted: any AdmittedConnection
            switch (admission, outcome) {
            case (.refused(let refusal), _):
                state = .refused
                return .refuse(HandshakeAnswer(refusal, identity: request.identity, takesTokens: takesTokens))
            case (.admitted, .refuse(let answer)):
                state = .refused
                return .refuse(answer)
            case (.admitted(let connection), .open), (.admitted(let connection), .turnAway):
                admitted = connection
            }
            guard hasEnded else {
                state = .waitingForEnd(request, outcome, place, admitted)
                return .waitForEnd
            }
            state = .upgrading(request, outcome, place, admitted)
            return .upgrade(Upgrade(request: request.head, outcome: outcome))
        case let other:
            state = other
            return .ignore
        }
    }

    enum EndAction: Equatable {
        case upgrade(Upgrade)
        case wait
    }

    /// The request has been read to its end.
    mutating func requestEnded() -> EndAction {
        switch takeState() {
        case .waitingForVerdict(let request, let outcome, let place, _):
            state = .waitingForVerdict(request, outcome, place, hasEnded: true)
            return .wait
        case .waitingForEnd(let request, let outcome, let place, let admitted):
            state = .upgrading(request, outcome, place, admitted)
            return .upgrade(Upgrade(request: request.head, outcome: outcome))
        case let other:
            state = other
            return .wait
        }
    }

    // MARK: The switch

    /// The listener was stopped while somebody thought about the verdict.
    ///
    /// - Returns: nil: the connection has ended meanwhile.
    mutating func cameTooLate(_ reason: String) -> HandshakeAnswer? {
        switch takeState() {
        case .upgrading(let request, _, _, _):
            state = .refused
            return .unavailable(reason, identity: request.identity)
        case let other:
            state = other
            return nil
        }
    }

    enum SwitchAction: ~Copyable {
        case open(ChargePointIdentity, subprotocol: String, ListenerPlace, any AdmittedConnection)
        case turnAway(ChargePointIdentity, reason: String)
        /// The connection has ended meanwhile.
        case ignore
    }

    /// The 101 has been written.
    mutating func switched() -> SwitchAction {
        switch takeState() {
        case .upgrading(let request, .open(let subprotocol, _), let place, let admitted):
            state = .over
            return .open(request.identity, subprotocol: subprotocol, place, admitted)
        case .upgrading(let request, .turnAway(let reason), _, _):
            state = .over
            return .turnAway(request.identity, reason: reason)
        case let other:
            state = other
            return .ignore
        }
    }

    // MARK: What goes wrong

    private var isAnswered: Bool {
        switch state {
        case .refused: true
        case .over: true
        default: false
        }
    }

    /// What came is no request, or no 101 can be made of it.
    ///
    /// - Returns: False: it has been answered, and nothing more is said.
    mutating func failed() -> Bool {
        guard !isAnswered else { return false }
        state = .refused
        return true
    }

    /// The connection ends.
    ///
    /// - Returns: False: it had its answer, and nothing more is told of it.
    mutating func ended() -> Bool {
        guard !isAnswered else { return false }
        state = .over
        return true
    }

    enum TimeoutAction: Equatable {
        /// Nothing was said; it is told of, and closed.
        case endAndClose
        /// The answer has been there for long enough.
        case close
        case ignore
    }

    mutating func timedOut() -> TimeoutAction {
        switch takeState() {
        case .refused:
            state = .refused
            return .close
        case .over: return .ignore
        default: return .endAndClose
        }
    }
}
