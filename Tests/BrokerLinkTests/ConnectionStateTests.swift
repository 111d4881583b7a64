import CMosquitto
import NIOCore
import Testing

@testable import BrokerLink

/// The states of a connection to the broker, without a socket and without waiting.
@Suite struct ConnectionStateTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let accepted = ConnectAcknowledgement(reasonCode: 0, isSessionPresent: true)
    private let refused = ConnectAcknowledgement(reasonCode: 0x87, isSessionPresent: false)
    private let lost = ConnectionState.End(code: MOSQ_ERR_CONN_LOST.rawValue, systemError: 0)

    private func down(_ pause: ConnectionState.Pause? = nil) -> ConnectionState {
        ConnectionState(pause ?? .until(start), reconnectDelay: .seconds(1)...(.seconds(8)))
    }

    private func connecting() -> ConnectionState {
        var state = down()
        state.attemptStarted(socket: 7, deadline: start + .seconds(10))
        return state
    }

    private func up() -> ConnectionState {
        var state = connecting()
        _ = state.acknowledged(accepted, start)
        return state
    }

    // MARK: Time

    @Test func `An attempt begins when the pause is over and not before`() {
        let state = down(.until(start + .seconds(3)))
        #expect(state.onTime(start + .seconds(2)) == .nothing)
        #expect(state.onTime(start + .seconds(3)) == .connect)
        #expect(state.deadline == start + .seconds(3))
    }

    @Test(arguments: [ConnectionState.Pause.forSharedLink, .forTurn])
    func `Who waits for another is not woken by the clock`(pause: ConnectionState.Pause) {
        var state = down(pause)
        #expect(state.onTime(.distantFuture) == .nothing && state.deadline == .distantFuture)
        state.wait(.until(start))
        #expect(state.onTime(start) == .connect)
    }

    @Test func `A name server and a broker that do not answer are given up at their deadline`() {
        var state = down()
        state.lookUpStarted(deadline: start + .seconds(5))
        #expect(state.isResolving && state.pause == nil)
        #expect(state.onTime(start + .seconds(5)) == .noAnswerOfNameServer)
        #expect(state.giveUp(start + .seconds(5)) == nil)
        #expect(state.onTime(start + .seconds(5)) == .connect, "until a pause is named the next attempt comes at once")
        state = connecting()
        #expect(state.onTime(start + .seconds(9)) == .nothing && state.deadline == start + .seconds(10))
        #expect(state.onTime(start + .seconds(10)) == .noAnswerOfBroker)
        #expect(state.giveUp(start + .seconds(10)) == 7)
        #expect(!state.hasSocket)
    }

    @Test func `Nothing that waits is heard while something is tried`() {
        var state = connecting()
        state.wait(.until(start))
        state.lookUpStarted(deadline: start)
        state.attemptStarted(socket: 8, deadline: start)
        #expect(state.isConnecting && state.deadline == start + .seconds(10))
        #expect(state.giveUp(start) == 7)
    }

    // MARK: CONNACK

    @Test func `An accepted connection is up and its news is passed on once`() {
        var state = connecting()
        #expect(state.acknowledged(accepted, start + .seconds(1)) == .begin)
        #expect(state.upSince == start + .seconds(1) && state.isOpen)
        #expect(state.takeNews() == accepted)
        #expect(state.takeNews() == nil)
        #expect(state.onTime(.distantFuture) == .nothing)
    }

    @Test func `A refused connection ends with the refusal whatever libmosquitto calls it`() {
        var state = connecting()
        #expect(state.acknowledged(refused, start) == .waitForEnd)
        #expect(state.takeNews() == nil)
        #expect(!state.isUp)
        state.noteEnd(ConnectionState.End(code: 0x87, systemError: 0))
        #expect(state.ended(lost, start) == .refused(refused, socket: 7))
        #expect(state.pause == .until(start))
    }

    @Test func `A refusal does not stay for the next attempt`() {
        var state = connecting()
        _ = state.acknowledged(refused, start)
        _ = state.ended(lost, start)
        state.attemptStarted(socket: 9, deadline: start + .seconds(10))
        #expect(state.ended(lost, start) == .unanswered(lost, socket: 9))
    }

    @Test func `A word of the broker that nobody waits for changes nothing`() {
        var state = down(.forTurn)
        #expect(state.acknowledged(accepted, start) == .waitForEnd)
        state.noteEnd(lost)
        #expect(state.ended(lost, start) == .nothing)
        #expect(state.pause == .forTurn)
    }

    // MARK: The end

    @Test func `The first report of an end names the cause`() {
        let takenOver = ConnectionState.End(code: 0x8e, systemError: 0)
        var state = up()
        state.noteEnd(takenOver)
        state.noteEnd(lost)
        #expect(
            state.ended(lost, start + .seconds(1))
                == .lost(ConnectionState.Loss(end: takenOver, isOrderly: false, isProven: false), socket: 7))
        #expect(!state.isUp)
    }

    @Test func `What libmosquitto closes because of the keep-alive is the keep-alive's`() {
        let silence = ConnectionState.End(code: MOSQ_ERR_KEEPALIVE.rawValue, systemError: 0)
        var state = up()
        state.noteEnd(lost)
        state.keepAliveOver(silence)
        guard case .lost(let loss, _) = state.ended(lost, start) else {
            Issue.record("not lost")
            return
        }
        #expect(loss.end == silence)
    }

    @Test func `A link that we have said goodbye on is not open and its end is orderly`() {
        var state = up()
        state.disconnectSent()
        #expect(state.isUp && !state.isOpen)
        guard case .lost(let loss, _) = state.ended(lost, start) else {
            Issue.record("not lost")
            return
        }
        #expect(loss.isOrderly)
    }

    @Test func `Closed is closed for good`() {
        for state in [down(), connecting(), up()] {
            var state = state
            let hadSocket = state.hasSocket
            #expect(state.close() == (hadSocket ? 7 : nil))
            #expect(state.close() == nil)
            state.wait(.until(start))
            state.lookUpStarted(deadline: start)
            state.attemptStarted(socket: 8, deadline: start)
            #expect(state.isClosed && !state.hasSocket && state.pause == nil)
            #expect(state.acknowledged(accepted, start) == .waitForEnd)
            #expect(state.ended(lost, start) == .nothing)
            #expect(state.giveUp(start) == nil)
            #expect(state.onTime(.distantFuture) == .nothing && state.deadline == .distantFuture)
        }
    }

    // MARK: Back-off

    @Test func `Each pause is longer than the one before until a link has proven itself`() {
        var state = down()
        for step in [1.0, 2, 4, 8, 8] {
            let pause = state.backOff(start)
            #expect(pause >= .seconds(step / 2) && pause <= .seconds(step))
            #expect(state.pause == .until(start + TimeAmount(pause)))
        }
        // Up for too short a time.
        state.wait(.until(start))
        state.attemptStarted(socket: 7, deadline: start + .seconds(10))
        _ = state.acknowledged(accepted, start)
        _ = state.ended(lost, start + .seconds(4))
        #expect(state.backOff(start) >= .seconds(4))
        // Long enough.
        state.attemptStarted(socket: 7, deadline: start + .seconds(10))
        _ = state.acknowledged(accepted, start)
        guard case .lost(let loss, _) = state.ended(lost, start + .seconds(5)) else {
            Issue.record("not lost")
            return
        }
        #expect(loss.isProven)
        #expect(state.backOff(start) <= .seconds(1))
    }

    @Test func `What made the links end has been found and the pauses are short again`() {
        var state = down()
        for _ in 0..<5 { _ = state.backOff(start) }
        state.forgetBackOff()
        #expect(state.backOff(start) <= .seconds(1))
    }

    @Test func `The third short life in a row is no accident and that is said once`() {
        var state = down()
        let said = (0..<5).map { _ in state.noteShortLife() }
        #expect(said == [false, false, true, false, false])
        var proven = state
        proven.attemptStarted(socket: 7, deadline: start)
        _ = proven.acknowledged(accepted, start)
        _ = proven.ended(lost, start + .seconds(60))
        let saidAgain = (0..<3).map { _ in proven.noteShortLife() }
        #expect(saidAgain == [false, false, true])
    }

    // MARK: The socket

    @Test func `The socket is watched for writing only while something waits to be written`() {
        var state = connecting()
        // Watched for both from the start.
        #expect(state.watch(usesTLS: false, wantsWrite: true) == nil)
        #expect(
            state.watch(usesTLS: false, wantsWrite: false)
                == ConnectionState.Watch(descriptor: 7, interest: .read))
        #expect(state.watch(usesTLS: false, wantsWrite: false) == nil)
        _ = state.acknowledged(accepted, start)
        #expect(state.watch(usesTLS: false, wantsWrite: false) == nil, "what it is watched for goes with it")
        #expect(
            state.watch(usesTLS: false, wantsWrite: true) == ConnectionState.Watch(descriptor: 7, interest: .both))
        _ = state.ended(lost, start)
        #expect(state.watch(usesTLS: false, wantsWrite: false) == nil)
    }

    @Test func `In a TLS handshake the socket is watched for writing until TCP has connected`() {
        var state = connecting()
        #expect(state.watch(usesTLS: true, wantsWrite: false) == nil)
        state.becameWritable()
        // libmosquitto says that it has something to write all the time.
        #expect(
            state.watch(usesTLS: true, wantsWrite: true) == ConnectionState.Watch(descriptor: 7, interest: .read))
    }
}
