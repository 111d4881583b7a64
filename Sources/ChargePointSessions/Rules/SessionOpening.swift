/// What waits for a session to open, and what it waits for; in a box, which is gone once it is open, as nearly every
/// session is.
final class SessionOpening {
    /// What is published before the broker has acknowledged the subscription, in order.
    var upstream: [UpstreamMessage] = []
    /// What arrives from the broker before it is clear whose it is.
    var downstream: [HeldDownstreamMessage] = []
    /// Of other gateways.
    var inquiries: [SessionClaim] = []
    var wait: ClaimWait
    /// The broker has acknowledged the subscription.
    var isAcknowledged = false

    init(hasClaims: Bool) {
        wait = ClaimWait(isOn: hasClaims)
    }

    /// What waits here cannot be an older session's.
    func nothingIsBeforeClaim() {
        for index in downstream.indices { downstream[index].isBeforeClaim = false }
    }
}

extension SessionLife.Ending {
    /// Of a session that has not been open.
    init(_ opening: SessionOpening, hasSubscribed: Bool, keepsSubscription: Bool) {
        self.init(
            upstream: opening.upstream, downstream: opening.downstream.map(\.message), hasSubscribed: hasSubscribed,
            keepsSubscription: keepsSubscription)
    }
}
