import NIOCore

/// Who has which of a number of places, and who must go when one more comes: first of those without a key the ones from
/// an address that has more than a quarter of the places, then the others without a key, then who has shown a key and
/// asks for nothing now; of each kind who has been idle the longest. A request with a key is never cut off.
struct PlaceTable<ID: Hashable> {
    enum Admission: Equatable {
        /// - insteadOf: Who must go.
        case admitted(insteadOf: ID?)
        case full
    }

    private struct Occupant {
        var subject: String
        /// When it came, or its last request or answer.
        var activeAt: NIODeadline
        /// Its last request showed a key.
        var hasKey = false
        var isBusy = false
    }

    private let limit: Int
    /// Nobody goes who has done something within it, unless those of an address with too much make room for another.
    private let patience: TimeAmount
    private var occupants: [ID: Occupant] = [:]

    init(limit: Int, patience: TimeAmount) {
        self.limit = limit
        self.patience = patience
    }

    mutating func admit(_ id: ID, from subject: String, now: NIODeadline) -> Admission {
        var leaving: ID?
        if occupants.count >= limit {
            guard let victim = victim(for: subject, now: now) else { return .full }
            occupants[victim] = nil
            leaving = victim
        }
        occupants[id] = Occupant(subject: subject, activeAt: now)
        return .admitted(insteadOf: leaving)
    }

    mutating func began(_ id: ID, hasKey: Bool, now: NIODeadline) {
        occupants[id]?.hasKey = hasKey
        occupants[id]?.isBusy = true
        occupants[id]?.activeAt = now
    }

    mutating func ended(_ id: ID, now: NIODeadline) {
        occupants[id]?.isBusy = false
        occupants[id]?.activeAt = now
    }

    mutating func left(_ id: ID) {
        occupants[id] = nil
    }

    private func victim(for newcomer: String, now: NIODeadline) -> ID? {
        var shares: [String: Int] = [:]
        for occupant in occupants.values where !occupant.hasKey { shares[occupant.subject, default: 0] += 1 }
        func rank(_ occupant: Occupant) -> Int? {
            let hasTooMuch = !occupant.hasKey && shares[occupant.subject, default: 0] > limit / 4
            guard now - occupant.activeAt >= patience || hasTooMuch && occupant.subject != newcomer else { return nil }
            if occupant.hasKey { return occupant.isBusy ? nil : 2 }
            return hasTooMuch ? 0 : 1
        }
        return occupants.compactMap { id, occupant in rank(occupant).map { (id, rank: $0, occupant.activeAt) } }
            .min { ($0.rank, $0.2) < ($1.rank, $1.2) }?.0
    }
}
