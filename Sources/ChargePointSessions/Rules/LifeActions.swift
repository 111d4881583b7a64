import NIOCore

// What the rules of a session's life say is to be done: one type for each kind of thing that happens.
extension SessionLife {
    /// The place is free.
    enum Beginning {
        case subscribe
        /// It left before its turn came: the subscription that it would have taken over goes.
        case letSubscriptionGo
        /// It left, and this one waits in its stead.
        case tell(Session)
        case nothing
    }

    /// The session opens: what waited goes out, in this order. Whoever gets this gives its memory back.
    struct Opening {
        struct Downstream {
            var message: DownstreamMessage
            /// Another gateway had the charge point when it was published, and has delivered it.
            var isLeft: Bool
        }

        var upstream: [UpstreamMessage]
        var downstream: [Downstream]
        /// To be answered.
        var inquiries: [SessionClaim]
    }

    /// Another session has said something about the charge point.
    enum ClaimAction {
        case nothing
        case open(Opening)
        /// End: another gateway has a newer session.
        case giveWay
        /// That gateway cannot have heard of this session: it learns of it now, and ends its own.
        case claim
        /// Say what has become of the message that is asked about.
        case answer
    }

    /// What becomes of a message for the broker.
    enum Publishing {
        case publish
        case kept
        /// Too many wait, or too much.
        case full
    }

    /// What becomes of a message from the broker.
    enum Arrival {
        case deliver
        case hold
        /// So many wait already that it is refused.
        case tooMany
        /// The session has ended, and a newer one is here.
        case passOn
        /// The session has ended in favour of another gateway's, which got the message too.
        case leave
        /// The session has ended.
        case report
    }

    /// Something fell due.
    struct DueAction {
        /// End: the credentials are good no longer.
        var isExpired = false
        /// The session has waited in vain for its claim, since then.
        var claimMissedSince: NIODeadline?
        var opening: Opening?
    }

    /// A newer session of this gateway has come.
    enum GivingWay {
        /// The newer one is told when the one before this has ended.
        case end(Ending)
        /// End, then tell the newer one.
        case endAndTell(Ending)
        case tell
        case nothing
    }

    /// The session ends: what waited is reported. Whoever gets this gives its memory back.
    struct Ending {
        /// What waited for the subscription; CALLs, too, which are not published any more: the charge point has had no
        /// answer, and says them again.
        var upstream: [UpstreamMessage] = []
        var downstream: [DownstreamMessage] = []
        /// It has begun, as others see it: it says that it has ended.
        var hasSubscribed: Bool
        /// A newer session takes the subscription over as it is.
        var keepsSubscription: Bool
    }
}
