import NIOCore
import OutsideNames

/// What a gateway got for a charge point in the first moments of having its subscription, so that it can answer another
/// one which got a message too and asks whether that was the only one.
///
/// Later the answer needs no memory: whoever asks asks at once, so that the message came when this gateway had the
/// charge point for long.
struct ReceivedEarly {
    static let youth = TimeAmount.seconds(10)
    /// A charge point that gets more in that time is asked about in vain.
    static let most = 128

    enum Answer {
        /// It came here too.
        case received
        /// All that was published lately came here too.
        case subscribedForLong
        /// It was published before this gateway had the charge point, most likely.
        case unknown
    }

    /// When the broker acknowledged the subscription; in the distant future: it has not, in the distant past: that is
    /// so long ago that nothing is remembered any more.
    private var since = NIODeadline.distantFuture
    /// Hash of the first UniqueId, 0: there is none. Who gets one message in that time needs no array.
    private var first = 0
    /// Hashes of the others.
    private var others: [Int] = []

    var isOver: Bool { since == .distantPast }

    /// A newer session of this gateway goes on with what the older one had.
    mutating func subscribed(_ now: NIODeadline) {
        since = min(since, now)
    }

    mutating func received(_ uniqueID: UniqueID, _ now: NIODeadline) {
        age(now)
        guard !isOver else { return }
        if first == 0 {
            first = Self.hash(uniqueID)
        } else if others.count < Self.most - 1 {
            others.append(Self.hash(uniqueID))
        }
    }

    /// Lets go of what is not needed any more.
    mutating func age(_ now: NIODeadline) {
        guard !isOver, isSubscribedForLong(now) else { return }
        since = .distantPast
        first = 0
        others = []
    }

    func answer(about uniqueID: UniqueID, _ now: NIODeadline) -> Answer {
        let hash = Self.hash(uniqueID)
        if first == hash || others.contains(hash) { return .received }
        return isSubscribedForLong(now) ? .subscribedForLong : .unknown
    }

    private func isSubscribedForLong(_ now: NIODeadline) -> Bool { now - since >= Self.youth }

    /// Never 0.
    private static func hash(_ uniqueID: UniqueID) -> Int { uniqueID.hashValue | 1 }
}
