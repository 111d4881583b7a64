import Authentication
import DequeModule
import OutsideNames

/// The handshakes that wait for their turn to be asked about: first come, first served, so many at most, and one
/// identity from one address once (authentication.md, "Load").
struct WaitingLine: Sendable {
    /// One handshake.
    typealias Ticket = Int

    /// Who waits. From another address it could be a stranger, who must not take a charge point's place.
    struct Origin: Hashable, Sendable {
        var identity: ChargePointIdentity
        var peerHost: String

        init(identity: ChargePointIdentity, peerHost: String) {
            self.identity = identity
            self.peerHost = peerHost
        }

        init(_ credentials: Credentials) {
            self.init(identity: credentials.identity, peerHost: credentials.peerHost)
        }
    }

    enum Entrance: Equatable {
        /// `instead` has lost its place to this one.
        case waits(instead: Ticket?)
        case full
    }

    private struct Waiter {
        var ticket: Ticket
        var origin: Origin
    }

    private let capacity: Int
    /// In their order; a place that is not in `waiters` has been left.
    private var places = Deque<Int>()
    private var nextPlace = 0
    private var waiters: [Int: Waiter] = [:]
    private var placeOfOrigin: [Origin: Int] = [:]
    private var placeOfTicket: [Ticket: Int] = [:]

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { waiters.count }

    /// Those that have been left included.
    var placeCount: Int { places.count }

    func holds(_ ticket: Ticket) -> Bool { placeOfTicket[ticket] != nil }

    mutating func enter(_ ticket: Ticket, from origin: Origin) -> Entrance {
        if let place = placeOfOrigin[origin], let older = waiters[place]?.ticket {
            placeOfTicket[older] = nil
            placeOfTicket[ticket] = place
            waiters[place] = Waiter(ticket: ticket, origin: origin)
            return .waits(instead: older)
        }
        guard count < capacity else { return .full }
        let place = nextPlace
        nextPlace &+= 1
        places.append(place)
        waiters[place] = Waiter(ticket: ticket, origin: origin)
        placeOfOrigin[origin] = place
        placeOfTicket[ticket] = place
        return .waits(instead: nil)
    }

    mutating func next() -> Ticket? {
        while let place = places.popFirst() {
            if let waiter = waiters[place] {
                remove(waiter, at: place)
                return waiter.ticket
            }
        }
        return nil
    }

    /// False: it does not wait here.
    mutating func leave(_ ticket: Ticket) -> Bool {
        guard let place = placeOfTicket[ticket], let waiter = waiters[place] else { return false }
        remove(waiter, at: place)
        // Left places must not fill the memory where many come and go while nobody is asked.
        if places.count > 2 * waiters.count + 64 { places.removeAll { waiters[$0] == nil } }
        return true
    }

    /// All of them, in their order.
    mutating func empty() -> [Ticket] {
        var tickets: [Ticket] = []
        while let ticket = next() { tickets.append(ticket) }
        return tickets
    }

    private mutating func remove(_ waiter: Waiter, at place: Int) {
        waiters[place] = nil
        placeOfOrigin[waiter.origin] = nil
        placeOfTicket[waiter.ticket] = nil
    }
}
