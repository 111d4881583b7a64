import NIOCore
import Synchronization

/// How many connections per second the acceptors of one listener take, together, and how they are shared out: while
/// the rate is nearly used up, an address that has had its share waits behind the others.
final class AcceptRateLimiter: Sendable {
    private struct State {
        var allowance: AcceptAllowance
        var secondBegan = NIODeadline.uptimeNanoseconds(0)
        /// Connections of each address in this second; no more entries than the rate has connections.
        var taken: [IPAddress: Int] = [:]
    }

    private let state: Mutex<State>
    /// What one address may take in a second though the rate is nearly used up.
    private let share: Int
    /// Kept for addresses that have not had their share.
    private let reserve: Int

    /// - Parameter rate: Connections per second; as many may come at once.
    init(rate: Int) {
        state = Mutex(State(allowance: AcceptAllowance(rate: rate)))
        share = max(1, rate / 4)
        reserve = min(max(1, rate / 10), rate - 1)
    }

    /// When the next connection may be accepted; in the past: now.
    func nextAccept(now: NIODeadline) -> NIODeadline {
        state.withLock { $0.allowance.nextAccept(now: now) }
    }

    /// When one that has waited may go on; in the past: now.
    func nextRelease(now: NIODeadline) -> NIODeadline {
        state.withLock { $0.allowance.nextAccept(now: now, reserve: reserve) }
    }

    /// Counts a connection, unless its address has had its share and the rate is nearly used up: then it has to wait.
    ///
    /// - Parameter address: Nil: nobody's in particular, such as a proxy's.
    func admits(_ address: IPAddress?, now: NIODeadline) -> Bool {
        self.state.withLock { state in
            if now >= state.secondBegan + .seconds(1) {
                state.secondBegan = now
                state.taken.removeAll(keepingCapacity: true)
            }
            if let address {
                let taken = state.taken[address, default: 0]
                let isScarce = state.allowance.nextAccept(now: now, reserve: reserve) > now
                guard taken < share || !isScarce else { return false }
                state.taken[address] = taken + 1
            }
            state.allowance.accepted(now: now)
            return true
        }
    }

    /// One that has waited goes on.
    func released(now: NIODeadline) {
        state.withLock { $0.allowance.accepted(now: now) }
    }

    /// A connection was counted and then denied.
    func giveBack() {
        state.withLock { $0.allowance.giveBack() }
    }
}
