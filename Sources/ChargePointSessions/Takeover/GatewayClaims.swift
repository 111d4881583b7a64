import Logging
import NIOCore
import OutsideNames
import Synchronization

/// What the sessions of one gateway share about claims.
package final class GatewayClaims: Sendable {
    package let gatewayID: ClientID
    /// For the log: who is to be allowed to read them.
    private let filter: Topic
    private let logger: Logger
    private let clock = Mutex(ClaimClock())
    private let company = Mutex(GatewayCompany())
    private let hearing = Mutex(ClaimHearing())

    /// - Parameter filter: matches all claim topics.
    package init(gatewayID: ClientID, filter: Topic, logger: Logger) {
        self.gatewayID = gatewayID
        self.filter = filter
        self.logger = logger
    }

    /// Of the claim of a session that begins now; milliseconds since 1970, never 0.
    func claimTime() -> Int64 { max(1, time()) }

    private func time() -> Int64 { clock.withLock { $0.next(.now()) } }

    /// Notes a claim of another gateway. False: its time lies too far ahead to be believed.
    package func heard(_ claim: SessionClaim) -> Bool {
        guard claim.gateway != gatewayID else { return true }
        company.withLock { $0.met() }
        return clock.withLock { $0.heard(claim.time, .now()) }
    }

    package func isOwn(_ claim: SessionClaim) -> Bool { claim.gateway == gatewayID }

    // MARK: Whether there are others

    /// The link has come up: what is to be said to whoever else is there, one for each topic on which gateways meet.
    package func hellos(_ count: Int) -> [SessionClaim] {
        let time = time()
        let hellos = (0..<count).map { _ in SessionClaim.hello(by: gatewayID, time: time) }
        company.withLock { $0.saidHello(Set(hellos.map(\.session))) }
        hearing.withLock { $0.linkUp() }
        return hellos
    }

    /// A hello has come; nil: it is this gateway's own.
    package func welcome(_ hello: SessionClaim) -> SessionClaim? {
        guard isOwn(hello) else { return hello.welcome(from: gatewayID, time: time()) }
        company.withLock { $0.helloReturned(hello.session, now: .now()) }
        claimReturned()
        return nil
    }

    /// By then it is known whether there are others, if the broker is quick.
    package static let acquaintance = GatewayCompany.patience + .seconds(1)

    /// There is another gateway.
    package var isInCompany: Bool { company.withLock { $0.isInCompany } }

    /// There is no other gateway, as far as can be known.
    package func isAlone(now: NIODeadline) -> Bool {
        company.withLock { $0.isAlone(now: now) }
    }

    // MARK: Whether they can be heard

    var isHeard: Bool { hearing.withLock { $0.isHeard } }

    /// Some have, on this link.
    var comeBack: Bool { hearing.withLock { $0.isProven } }

    func claimReturned() { tell(hearing.withLock { $0.returned(.now()) }) }

    func claimMissed(since: NIODeadline) { tell(hearing.withLock { $0.missed(since: since) }) }

    package func subscriptionRefused() { tell(hearing.withLock { $0.refused() }) }

    private func tell(_ news: ClaimHearing.News?) {
        switch news {
        case .works: logger.info("claims come back from the broker again: other gateways can take charge points over")
        case .refused:
            logger.error(
                "the broker refuses the subscription to claims: other gateways cannot take charge points over",
                metadata: ["access_list": "read \(filter)"])
        case .silent:
            logger.error(
                "the broker delivers no claims, not even this gateway's own: other gateways cannot take charge points over",
                metadata: ["access_list": "the line that allows this gateway to read \(filter) is missing"])
        case nil: break
        }
    }
}
