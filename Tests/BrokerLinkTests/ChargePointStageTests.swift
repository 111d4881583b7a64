import NIOCore
import NIOEmbedded
import OutsideNames
import Testing

@testable import BrokerLink

/// From the login of a charge point to what its session has left, without a broker.
@Suite struct ChargePointStageTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let eventLoop = EmbeddedEventLoop()

    private var subscriber: RecordingSubscriber { RecordingSubscriber(eventLoop: eventLoop) }

    private func message(_ text: String = "x") -> BrokerMessage {
        BrokerMessage(topic: "cs/CP1", payload: ByteBuffer(string: text))
    }

    private func accepted() -> ChargePointStage {
        var stage = ChargePointStage()
        _ = stage.accepted()
        return stage
    }

    private func attended() -> ChargePointStage {
        var stage = accepted()
        _ = stage.attended(by: subscriber)
        return stage
    }

    private func leaving() -> ChargePointStage {
        var stage = attended()
        _ = stage.leave(until: now + .seconds(10))
        return stage
    }

    @Test func `A login is answered once and a reconnect only tells the session`() throws {
        let answer = eventLoop.makePromise(of: BrokerLoginResult.self)
        var stage = ChargePointStage()
        stage.asked(answer)
        guard case .answer(let waiting) = stage.accepted() else {
            Issue.record("no answer")
            return
        }
        #expect(waiting?.futureResult === answer.futureResult)
        answer.succeed(.refused(reason: ""))
        guard case .nothing = stage.accepted() else {
            Issue.record("the session has not come yet: nobody is to hear of a reconnect")
            return
        }
        let subscriber: RecordingSubscriber = self.subscriber
        _ = stage.attended(by: subscriber)
        guard case .back(let told) = stage.accepted() else {
            Issue.record("the session is not told")
            return
        }
        #expect(told === subscriber)
    }

    @Test func `A login before the first link is late at its deadline and only while it waits`() {
        var stage = ChargePointStage()
        #expect(!stage.isLate(.distantFuture) && stage.deadline == .distantFuture)
        stage.waitForFirstLink(until: now)
        #expect(stage.deadline == now && stage.isLate(now) && !stage.isLate(now - .nanoseconds(1)))
        _ = stage.accepted()
        #expect(!stage.isLate(now) && stage.deadline == .distantFuture)
    }

    @Test func `What comes before the session waits for it in order`() {
        var stage = ChargePointStage()
        let isFirstHeld = stage.hold(message("a")) { held, more in held == 0 && more == 1 }
        _ = stage.accepted()
        let isSecondHeld = stage.hold(message("bc")) { held, more in held == 1 && more == 2 }
        #expect(isFirstHeld && isSecondHeld)
        let held = stage.attended(by: subscriber)
        #expect(held.messages.map { String(buffer: $0.payload) } == ["a", "bc"] && held.bytes == 3)
        let isHeld = stage.hold(message()) { _, _ in true }
        #expect(!isHeld, "the session is there")
        let heldAgain = stage.attended(by: subscriber)
        #expect(heldAgain.messages.isEmpty)
    }

    @Test func `What comes before the session is bounded in number and in bytes`() {
        var stage = accepted()
        let isHeldWithoutRoom = stage.hold(message()) { _, _ in false }
        let areHeld = (0...ChargePointStage.mostHeld).map { _ in stage.hold(message()) { _, _ in true } }
        #expect(!isHeldWithoutRoom && areHeld.dropLast().allSatisfy(\.self) && areHeld.last == false)
        let held = stage.attended(by: subscriber)
        #expect(held.messages.count == ChargePointStage.mostHeld)
    }

    @Test func `A charge point that goes during its login leaves nothing to deal with`() {
        var stage = ChargePointStage()
        guard case .abandon = stage.leave(until: now) else {
            Issue.record("a login is abandoned")
            return
        }
        #expect(stage.isLoggingIn, "it is still to be concluded")
    }

    @Test func `A session that ends is given time once`() {
        var stage = attended()
        guard case .release = stage.leave(until: now) else {
            Issue.record("nothing is released")
            return
        }
        #expect(stage.leavesBy == now && stage.deadline == now)
        guard case .nothing = stage.leave(until: now + .seconds(10)) else {
            Issue.record("it was leaving already")
            return
        }
        #expect(stage.leavesBy == now)
    }

    @Test func `A session that does not come leaves what waited for it`() {
        var stage = accepted()
        _ = stage.hold(message("a")) { _, _ in true }
        guard case .release(let held) = stage.leave(until: now) else {
            Issue.record("nothing is released")
            return
        }
        #expect(held.messages.count == 1)
    }

    @Test func `Only what has a session or is about to have one is tried again`() {
        func isTriedAgain(_ stage: ChargePointStage) -> (failed: Bool, lost: Bool) {
            let failed = if case .tryAgain = stage.onFailedAttempt { true } else { false }
            let lost = if case .conclude = stage.onLoss { false } else { true }
            return (failed, lost)
        }
        #expect(isTriedAgain(ChargePointStage()) == (false, false))
        #expect(isTriedAgain(accepted()) == (true, true))
        #expect(isTriedAgain(attended()) == (true, true))
        #expect(isTriedAgain(leaving()) == (false, false))
        guard case .tryAgainAndTell = attended().onLoss else {
            Issue.record("the session does not hear of the lost link")
            return
        }
    }

    @Test func `It is concluded once and whoever waits is told`() throws {
        let answer = eventLoop.makePromise(of: BrokerLoginResult.self)
        var stage = ChargePointStage()
        stage.asked(answer)
        _ = stage.hold(message()) { _, _ in true }
        guard case .answer(let waiting, let held) = stage.conclude() else {
            Issue.record("the login is not answered")
            return
        }
        #expect(waiting != nil && held.messages.count == 1)
        waiting?.succeed(.refused(reason: ""))
        guard case .nothing = stage.conclude() else {
            Issue.record("concluded twice")
            return
        }
        var session = attended()
        guard case .tell = session.conclude() else {
            Issue.record("the session is not told")
            return
        }
        var left = leaving()
        guard case .release = left.conclude() else {
            Issue.record("nobody is to be told")
            return
        }
    }
}
