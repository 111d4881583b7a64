import Authentication
import NIOHTTP1
import OutsideNames

@testable import WebSocketFrontEnd

/// What a handshake comes to that runs through the rules without a socket, and whose charge point is let in.
enum HandshakeEnd: Equatable {
    case refused(HandshakeAnswer)
    case open(ChargePointIdentity, subprotocol: String, announced: String?)
    case turnedAway(ChargePointIdentity, reason: String)

    /// - Parameter limits: Says why no connection can be taken.
    init(
        _ request: HTTPRequestHead, _ configuration: ListenerConfiguration, limits: () -> String? = { nil }
    ) {
        var machine = HandshakeStateMachine(rules: HandshakeRules(configuration))
        var answer: HandshakeAnswer?
        switch machine.requestCame(request) {
        case .refuse(let refusal): answer = refusal
        case .ignore: break
        case .takePlace:
            let action =
                if let reason = limits() {
                    machine.gotNoPlace(reason)
                } else if let place = ListenerPlace(in: ListenerTraffic(), limit: 1) {
                    machine.gotPlace(place, certificate: nil, takesTokens: false)
                } else {
                    machine.gotNoPlace("no place")
                }
            if case .refuse(let refusal) = action { answer = refusal }
        }
        _ = machine.requestEnded()
        var announced: String?
        switch machine.decided(.admitted(StubAdmitted()), takesTokens: false) {
        case .refuse(let refusal): answer = refusal
        case .upgrade(let upgrade): if case .open(_, let name) = upgrade.outcome { announced = name }
        case .waitForEnd, .ignore: break
        }
        switch machine.switched() {
        case .open(let identity, let subprotocol, _, _):
            self = .open(identity, subprotocol: subprotocol, announced: announced)
        case .turnAway(let identity, let reason):
            self = .turnedAway(identity, reason: reason)
        case .ignore:
            self = .refused(answer ?? HandshakeAnswer(status: .internalServerError, reason: "nothing was said"))
        }
    }

    var status: UInt {
        switch self {
        case .open, .turnedAway: 101
        case .refused(let answer): answer.status.code
        }
    }
}

/// Lets a connection in, and records it.
final class StubAdmitted: AdmittedConnection {
    let acceptance: AuthenticationVerdict.Acceptance
    private let onOpen: @Sendable (WebSocketConnection, AcceptedHandshake) -> any ConnectionDelegate
    private let onDrop: @Sendable () -> Void

    init(
        _ acceptance: AuthenticationVerdict.Acceptance = .init(),
        onDrop: @escaping @Sendable () -> Void = {},
        onOpen: @escaping @Sendable (WebSocketConnection, AcceptedHandshake) -> any ConnectionDelegate = {
            StubSession(connection: $0, handshake: $1, onText: nil)
        }
    ) {
        self.acceptance = acceptance
        self.onOpen = onOpen
        self.onDrop = onDrop
    }

    deinit {
        onDrop()
    }

    func open(_ connection: WebSocketConnection, _ handshake: AcceptedHandshake) -> any ConnectionDelegate {
        onOpen(connection, handshake)
    }
}
