import Synchronization

/// How many of something may be at once. A permit is given back when nobody holds it any more, however that comes.
final class Permits: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init(_ limit: Int) {
        self.limit = limit
    }

    /// Nil: all are taken.
    func take() -> Permit? {
        guard taken.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            giveBack()
            return nil
        }
        return Permit(self)
    }

    fileprivate func giveBack() {
        taken.wrappingSubtract(1, ordering: .relaxed)
    }
}

final class Permit: Sendable {
    private let permits: Permits

    fileprivate init(_ permits: Permits) {
        self.permits = permits
    }

    deinit { permits.giveBack() }
}
