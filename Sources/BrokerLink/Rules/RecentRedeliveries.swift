import DequeModule
import NIOCore
import OutsideNames

/// What connections received that have ended lately, by client id: the broker may deliver it again to the next one with
/// the same client id, if it had not read their acknowledgements.
///
/// Bounded in time and number.
struct RecentRedeliveries {
    private static let time = TimeAmount.seconds(30)
    private static let most = 10_000

    private var filters: [ClientID: RedeliveryFilter] = [:]
    private var ends = Deque<(clientID: ClientID, until: NIODeadline)>()

    func filter(of clientID: ClientID) -> RedeliveryFilter? { filters[clientID] }

    mutating func keep(_ filter: RedeliveryFilter, of clientID: ClientID, now: NIODeadline) {
        guard !filter.isEmpty else { return }
        filters[clientID] = filter
        ends.append((clientID, now + Self.time))
        while let first = ends.first, first.until <= now || ends.count > Self.most {
            ends.removeFirst()
            // A later one of the same client id stays a little less long.
            filters[first.clientID] = nil
        }
    }
}
