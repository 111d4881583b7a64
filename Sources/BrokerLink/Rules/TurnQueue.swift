import DequeModule

/// At most so many do something at once; the others wait for their turn, first come, first served.
struct TurnQueue<Member: Hashable> {
    private struct Place {
        let member: Member
        let number: UInt64
    }

    private let most: Int
    private var busy: Set<Member> = []
    private var places: Deque<Place> = []
    /// The places that count; whoever leaves the queue leaves the other behind.
    private var numbers: [Member: UInt64] = [:]
    private var lastNumber: UInt64 = 0

    init(most: Int) {
        self.most = most
    }

    var waitingCount: Int { numbers.count }

    /// False: it waits, and `next` will name it.
    mutating func take(_ member: Member) -> Bool {
        if busy.contains(member) { return true }
        guard busy.count < most else {
            if numbers[member] == nil {
                lastNumber += 1
                numbers[member] = lastNumber
                places.append(Place(member: member, number: lastNumber))
            }
            return false
        }
        busy.insert(member)
        return true
    }

    /// It is done, or does not wait any more. Then `next` may have something to say.
    mutating func leave(_ member: Member) {
        busy.remove(member)
        guard numbers.removeValue(forKey: member) != nil else { return }
        // Not many are left behind.
        if places.count > 256, places.count > 2 * numbers.count {
            places.removeAll { numbers[$0.member] != $0.number }
        }
    }

    /// Whose turn it is now, which it takes; nil: nobody's. To be asked until then.
    mutating func next() -> Member? {
        while busy.count < most, let place = places.popFirst() {
            guard numbers[place.member] == place.number else { continue }
            numbers[place.member] = nil
            busy.insert(place.member)
            return place.member
        }
        return nil
    }

    /// Places in the queue, those left behind included.
    var placeCount: Int { places.count }
}
