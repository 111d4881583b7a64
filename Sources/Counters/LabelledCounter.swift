import Synchronization

/// Counts by a label whose values come up while the process runs, from a small known set: an action, a status, a
/// listener. What comes beyond `limit` values counts as `other`, so that nobody fills the memory by inventing them.
package final class LabelledCounter: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let limit: Int

    package init(limit: Int = 256) {
        self.limit = limit
    }

    package func add(_ label: String, _ number: Int = 1) {
        counts.withLock { counts in
            if counts[label] != nil || counts.count < limit {
                counts[label, default: 0] &+= number
            } else {
                counts["other", default: 0] &+= number
            }
        }
    }

    /// Sorted by label.
    package var values: [(label: String, count: Int)] {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { (label: $0.key, count: $0.value) }
    }
}
