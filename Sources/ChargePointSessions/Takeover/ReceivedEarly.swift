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

    private var since: NIODeadline?
    /// Hashes of UniqueIds.
    private var ids: [Int] = []
    private(set) var isOver = false

    /// A newer session of this gateway goes on with what the older one had.
    mutating func subscribed(_ now: NIODeadline) {
        if since == nil { since = now }
    }

    mutating func received(_ uniqueID: UniqueID, _ now: NIODeadline) {
        age(now)
        if !isOver, ids.count < Self.most { ids.append(uniqueID.hashValue) }
    }

    /// Lets go of what is not needed any more.
    mutating func age(_ now: NIODeadline) {
        guard !isOver, let since, now - since >= Self.youth else { return }
        isOver = true
        ids = []
    }

    func answer(about uniqueID: UniqueID, _ now: NIODeadline) -> Answer {
        if ids.contains(uniqueID.hashValue) { return .received }
        guard let since, now - since >= Self.youth else { return .unknown }
        return .subscribedForLong
    }
}
