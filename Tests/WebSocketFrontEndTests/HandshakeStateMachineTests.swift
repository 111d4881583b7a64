import Authentication
import NIOHTTP1
import Synchronization
import Testing

@testable import WebSocketFrontEnd

@Suite("The states of a handshake")
struct HandshakeStateMachineTests {
    private let traffic = ListenerTraffic()

    /// The number of places that are taken; asked by taking the rest of a few.
    private var placesTaken: Int {
        var free = 0
        while free < 3, traffic.enter(limit: 3) { free += 1 }
        for _ in 0..<free { traffic.leave() }
        return 3 - free
    }

    private func machine(_ change: (inout ListenerConfiguration) -> Void = { _ in }) -> HandshakeStateMachine {
        var configuration = ListenerConfiguration()
        change(&configuration)
        return HandshakeStateMachine(rules: HandshakeRules(configuration))
    }

    /// Brings a machine to where it waits for the verdict.
    private func ask(
        _ machine: inout HandshakeStateMachine, certificate: PeerCertificate? = nil, takesTokens: Bool = false
    ) throws -> HandshakeStateMachine.PlaceAction {
        #expect(machine.requestCame(HandshakeDecisionTests.request()) == .takePlace("CP1"))
        guard let place = ListenerPlace(in: traffic, limit: 3) else { return machine.gotNoPlace("full") }
        return machine.gotPlace(place, certificate: certificate, takesTokens: takesTokens)
    }

    private static func status(_ action: HandshakeStateMachine.VerdictAction) -> UInt? {
        guard case .refuse(let answer) = action else { return nil }
        return answer.status.code
    }

    @Test
    func `The switch waits for the verdict and for the request's end, whichever comes first`() throws {
        for endsFirst in [true, false] {
            var machine = machine()
            #expect(try ask(&machine) == .ask("CP1", subprotocol: "ocpp1.6"))
            if endsFirst { #expect(machine.requestEnded() == .wait) }
            let action = machine.decided(.admitted(StubAdmitted()), takesTokens: false)
            if endsFirst {
                guard case .upgrade = action else {
                    Issue.record("\(action)")
                    return
                }
            } else {
                #expect(action == .waitForEnd)
                guard case .upgrade(let upgrade) = machine.requestEnded() else {
                    Issue.record("no switch")
                    return
                }
                #expect(upgrade.outcome == .open(subprotocol: "ocpp1.6", announced: nil))
            }
            switch machine.switched() {
            case .open(let identity, let subprotocol, let place, _):
                #expect(identity == "CP1" && subprotocol == "ocpp1.6")
                #expect(placesTaken == 1)
                _ = consume place
            default: Issue.record("not opened")
            }
            #expect(placesTaken == 0)
        }
    }

    @Test
    func `A charge point that offers no known subprotocol is switched and turned away, and keeps no place`() throws {
        var machine = machine()
        let request = HandshakeDecisionTests.request { $0.headers.add(name: "Sec-WebSocket-Protocol", value: "soap") }
        #expect(machine.requestCame(request) == .takePlace("CP1"))
        guard let place = ListenerPlace(in: traffic, limit: 1) else {
            Issue.record("no place")
            return
        }
        #expect(machine.gotPlace(place, certificate: nil, takesTokens: false) == .ask("CP1", subprotocol: nil))
        #expect(machine.requestEnded() == .wait)
        _ = machine.decided(.admitted(StubAdmitted()), takesTokens: false)
        switch machine.switched() {
        case .turnAway(let identity, _): #expect(identity == "CP1")
        default: Issue.record("not turned away")
        }
        #expect(placesTaken == 0)
    }

    enum Ending: CaseIterable {
        case refusedByVerdict, refusedBySubprotocol, failed, ended, timedOut
    }

    @Test(arguments: Ending.allCases)
    func `Whatever ends a handshake gives its place back and lets go of what was prepared`(ending: Ending) throws {
        let drops = Mutex(0)
        var machine = machine { $0.failIfNoSubprotocol = ending == .refusedBySubprotocol }
        _ = try ask(&machine)
        #expect(placesTaken == 1)
        let refusal = AuthenticationVerdict.Refusal(.wrongCredentials, reason: "wrong")
        if ending == .refusedByVerdict {
            #expect(Self.status(machine.decided(.refused(refusal), takesTokens: false)) == 401)
        } else {
            let admitted = StubAdmitted(onDrop: { drops.withLock { $0 += 1 } })
            let action = machine.decided(.admitted(admitted), takesTokens: false)
            if ending == .refusedBySubprotocol { #expect(Self.status(action) == 400) }
        }
        switch ending {
        case .refusedByVerdict, .refusedBySubprotocol: break
        case .failed: #expect(machine.failed() == true)
        case .ended: #expect(machine.ended() == true)
        case .timedOut: #expect(machine.timedOut() == .endAndClose)
        }
        #expect(placesTaken == 0)
        #expect(drops.withLock { $0 } == (ending == .refusedByVerdict ? 0 : 1))
    }

    @Test
    func `What comes behind an answer changes nothing`() throws {
        var machine = machine()
        guard case .refuse(let answer) = machine.requestCame(HandshakeDecisionTests.request("/other")) else {
            Issue.record("accepted")
            return
        }
        #expect(answer.status == .notFound)
        #expect(machine.requestEnded() == .wait)
        #expect(machine.requestCame(HandshakeDecisionTests.request()) == .ignore)
        #expect(machine.decided(.admitted(StubAdmitted()), takesTokens: false) == .ignore)
        #expect(machine.gotNoPlace("full") == .ignore)
        #expect(machine.failed() == false)
        #expect(machine.ended() == false)
        #expect(machine.timedOut() == .close)
        #expect(machine.timedOut() == .close)
    }

    @Test
    func `A verdict that comes too late is dropped`() throws {
        let drops = Mutex(0)
        var machine = machine()
        _ = try ask(&machine)
        #expect(machine.ended() == true)
        let late = StubAdmitted(onDrop: { drops.withLock { $0 += 1 } })
        #expect(machine.decided(.admitted(late), takesTokens: false) == .ignore)
        withExtendedLifetime(late) {}
        #expect(placesTaken == 0)
        #expect(machine.timedOut() == .ignore)
    }

    @Test
    func `Without a place the answer is 503, and nobody is asked`() throws {
        for _ in 0..<3 { #expect(traffic.enter(limit: 3)) }
        var machine = machine()
        guard case .refuse(let answer) = try ask(&machine) else {
            Issue.record("asked")
            return
        }
        #expect(answer.status == .serviceUnavailable && answer.identity == "CP1" && answer.body == "full")
    }

    @Test
    func `A certificate that a proxy has not found good is none to take the identity from`() throws {
        for (certificate, isAsked) in [
            (PeerCertificate(commonName: "CP1", isVerified: true), true),
            (PeerCertificate(commonName: "CP1", isVerified: false), false),
            (PeerCertificate(commonName: "CP2", isVerified: true), false), (nil, false),
        ] {
            var machine = machine { $0.identityFromCertificate = .commonName }
            let action = try ask(&machine, certificate: certificate, takesTokens: true)
            #expect((action == .ask("CP1", subprotocol: "ocpp1.6")) == isAsked)
            guard case .refuse(let answer) = action else { continue }
            #expect(answer.headers.map(\.value) == ["Basic realm=\"ocpp\"", "Bearer"])
            #expect(placesTaken == 0)
        }
    }

    @Test
    func `A connection's place counts as a connection until it goes`() throws {
        do {
            guard var place = ListenerPlace(in: traffic, limit: 1) else {
                Issue.record("no place")
                return
            }
            #expect(traffic.connectionCount == 0)
            place.becomeConnection()
            place.becomeConnection()
            #expect(traffic.connectionCount == 1 && placesTaken == 1)
            if ListenerPlace(in: traffic, limit: 1) != nil { Issue.record("one place too many") }
        }
        #expect(traffic.connectionCount == 0 && placesTaken == 0)
    }
}
