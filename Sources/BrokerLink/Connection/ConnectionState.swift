import NIOCore

/// Where a connection to the broker stands. It does nothing by itself: `BrokerClient` tells it what has happened, and
/// does what the answer says.
///
/// ```
///          lookUpStarted          attemptStarted          acknowledged
///   down ───────────────▶ resolving ─────────▶ connecting ───────────▶ up
///    ▲  ╲─────────────────────────────────────▶   │                    │
///    ╰────────────────────────────────────────────┴────────────────────╯  ended, giveUp
///   and from everywhere: close ─▶ closed
/// ```
///
/// Socket, deadline, and what the broker has said stand in the cases in which there is such a thing.
struct ConnectionState {
    /// A link that was up for less does not count as one that works.
    static let provenLife = TimeAmount.seconds(5)
    /// So many short-lived links in a row are no accident.
    static let suspiciousLives = 3

    /// From the non-blocking connect to CONNACK.
    private struct Attempt {
        var socket: Watch
        let deadline: NIODeadline
        /// TCP's part is done.
        var isConnected = false
        var refusal: ConnectAcknowledgement?
        var end: End?
    }

    private struct Link {
        var socket: Watch
        let since: NIODeadline
        /// What the broker said, until it has been passed on.
        var news: ConnectAcknowledgement?
        var end: End?
        /// DISCONNECT is on its way.
        var isClosing = false
    }

    private enum State {
        case down(Pause)
        /// The name server has been asked.
        case resolving(deadline: NIODeadline)
        case connecting(Attempt)
        case up(Link)
        /// For good.
        case closed
    }

    private var state: State
    private var backoff: ReconnectBackoff
    /// Links in a row that the broker closed soon after they came up.
    private(set) var shortLives = 0

    init(_ pause: Pause, reconnectDelay: ClosedRange<Duration>) {
        state = .down(pause)
        backoff = ReconnectBackoff(range: reconnectDelay)
    }

    // MARK: What is asked

    /// Since when the broker has accepted this connection; nil: it has not, or the link is lost.
    var upSince: NIODeadline? {
        if case .up(let link) = state { link.since } else { nil }
    }

    var isUp: Bool { upSince != nil }

    /// Up, and not about to close.
    var isOpen: Bool {
        if case .up(let link) = state { !link.isClosing } else { false }
    }

    var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    var isResolving: Bool {
        if case .resolving = state { true } else { false }
    }

    var isConnecting: Bool {
        if case .connecting = state { true } else { false }
    }

    /// There is a socket, and perhaps a CONNECT on it.
    var hasSocket: Bool { isConnecting || isUp }

    /// Nil: something is being tried, or has come of it.
    var pause: Pause? {
        if case .down(let pause) = state { pause } else { nil }
    }

    // MARK: Time

    /// What is to be done because time has passed.
    func onTime(_ now: NIODeadline) -> OnTime {
        switch state {
        case .down(.until(let time)) where now >= time: .connect
        case .resolving(let deadline) where now >= deadline: .noAnswerOfNameServer
        case .connecting(let attempt) where now >= attempt.deadline: .noAnswerOfBroker
        default: .nothing
        }
    }

    /// When `onTime` has something to say.
    var deadline: NIODeadline {
        switch state {
        case .down(.until(let time)): time
        case .resolving(let deadline): deadline
        case .connecting(let attempt): attempt.deadline
        case .down(.forSharedLink), .down(.forTurn), .up, .closed: .distantFuture
        }
    }

    // MARK: Down

    /// Nothing is tried for so long; of no effect while something is.
    mutating func wait(_ pause: Pause) {
        if case .down = state { state = .down(pause) }
    }

    /// The pause before the next attempt, which begins; each is longer than the one before.
    mutating func backOff(_ now: NIODeadline) -> Duration {
        let pause = backoff.next()
        wait(.until(now + TimeAmount(pause)))
        return pause
    }

    /// What made the attempts fail is over.
    mutating func forgetBackOff() {
        backoff.reset()
    }

    mutating func lookUpStarted(deadline: NIODeadline) {
        if case .down = state { state = .resolving(deadline: deadline) }
    }

    /// - Parameter socket: which is watched for both from now on.
    mutating func attemptStarted(socket: Int32, deadline: NIODeadline) {
        switch state {
        case .down, .resolving:
            state = .connecting(Attempt(socket: Watch(descriptor: socket), deadline: deadline))
        case .connecting, .up, .closed: break
        }
    }

    // MARK: Connecting

    /// TCP has connected, or failed, which reading tells.
    mutating func becameWritable() {
        guard case .connecting(var attempt) = state, !attempt.isConnected else { return }
        attempt.isConnected = true
        state = .connecting(attempt)
    }

    mutating func acknowledged(_ acknowledgement: ConnectAcknowledgement, _ now: NIODeadline) -> OnAcknowledgement {
        guard case .connecting(var attempt) = state else { return .waitForEnd }
        guard acknowledgement.reasonCode == 0 else {
            attempt.refusal = acknowledgement
            state = .connecting(attempt)
            return .waitForEnd
        }
        state = .up(Link(socket: attempt.socket, since: now, news: acknowledgement, end: attempt.end))
        return .begin
    }

    // MARK: Up

    /// What the broker said when it accepted; once.
    mutating func takeNews() -> ConnectAcknowledgement? {
        guard case .up(var link) = state, let news = link.news else { return nil }
        link.news = nil
        state = .up(link)
        return news
    }

    mutating func disconnectSent() {
        guard case .up(var link) = state else { return }
        link.isClosing = true
        state = .up(link)
    }

    // MARK: The end of an attempt or a link

    /// libmosquitto may report an end twice; the first report names the cause.
    mutating func noteEnd(_ end: End) {
        switch state {
        case .connecting(var attempt) where attempt.end == nil:
            attempt.end = end
            state = .connecting(attempt)
        case .up(var link) where link.end == nil:
            link.end = end
            state = .up(link)
        case .down, .resolving, .connecting, .up, .closed: break
        }
    }

    /// Only the keep-alive makes libmosquitto close the socket by itself, and it does so under several codes.
    mutating func keepAliveOver(_ end: End) {
        guard case .up(var link) = state else { return }
        link.end = end
        state = .up(link)
    }

    /// The connection is no more; the next attempt may be made at once, unless `backOff` or `wait` says otherwise.
    ///
    /// - Parameter end: what has ended it, if nothing was noted before.
    /// - Returns: what it was, and the socket, which is not to be watched any more.
    mutating func ended(_ end: End, _ now: NIODeadline) -> OnEnd {
        switch state {
        case .down, .resolving, .closed: return .nothing
        case .connecting(let attempt):
            state = .down(.until(now))
            if let refusal = attempt.refusal { return .refused(refusal, socket: attempt.socket.descriptor) }
            return .unanswered(attempt.end ?? end, socket: attempt.socket.descriptor)
        case .up(let link):
            state = .down(.until(now))
            let loss = Loss(
                end: link.end ?? end, isOrderly: link.isClosing, isProven: now - link.since >= Self.provenLife)
            if loss.isProven {
                backoff.reset()
                shortLives = 0
            }
            return .lost(loss, socket: link.socket.descriptor)
        }
    }

    /// The broker closed a link that had just come up, without a word.
    ///
    /// - Returns: that this is no accident any more; once.
    mutating func noteShortLife() -> Bool {
        shortLives += 1
        return shortLives == Self.suspiciousLives
    }

    /// An attempt comes to nothing, wherever it is.
    ///
    /// - Returns: the socket, which is not to be watched any more.
    mutating func giveUp(_ now: NIODeadline) -> Int32? {
        switch state {
        case .down, .up, .closed: return nil
        case .resolving:
            state = .down(.until(now))
            return nil
        case .connecting(let attempt):
            state = .down(.until(now))
            return attempt.socket.descriptor
        }
    }

    /// For good.
    ///
    /// - Returns: the socket, which is not to be watched any more.
    mutating func close() -> Int32? {
        defer { state = .closed }
        return switch state {
        case .connecting(let attempt): attempt.socket.descriptor
        case .up(let link): link.socket.descriptor
        case .down, .resolving, .closed: nil
        }
    }

    // MARK: The socket

    /// What the socket is to be watched for from now on; nil: as before.
    mutating func watch(usesTLS: Bool, wantsWrite: Bool) -> Watch? {
        switch state {
        case .down, .resolving, .closed: return nil
        case .connecting(var attempt):
            // Of the TLS handshake libmosquitto says nothing useful; its packets are small, and only the first must
            // wait for TCP.
            let change = attempt.socket.changed(toWrite: usesTLS ? !attempt.isConnected : wantsWrite)
            if change != nil { state = .connecting(attempt) }
            return change
        case .up(var link):
            let change = link.socket.changed(toWrite: wantsWrite)
            if change != nil { state = .up(link) }
            return change
        }
    }
}
