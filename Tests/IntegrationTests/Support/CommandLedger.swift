import Synchronization

/// What became of every command of a central system: published, delivered to a charge point, answered, reported.
final class CommandLedger: Sendable {
    struct Entry: Sendable {
        let chargePoint: String
        /// The broker took it and had a subscriber for it.
        var isHeard = false
        /// A fault at the time may have lost or repeated it beyond the gateways' control.
        var isExcused = false
        /// How often charge points received it.
        var deliveries = 0
        var hasResult = false
        /// Reasons of the gateways' reports.
        var reports: Set<String> = []

        /// Nil: as it should be.
        var fault: String? {
            guard isHeard, !isExcused else { return nil }
            if deliveries > 1 { return "delivered \(deliveries) times" }
            if reports.count > 1 { return "reported as \(reports.sorted())" }
            if deliveries == 0, hasResult { return "answered, but not delivered" }
            if hasResult, !reports.isEmpty { return "answered, and reported as \(reports.sorted())" }
            return isSettled ? nil : (deliveries == 0 ? "lost" : "delivered, and neither answered nor reported")
        }

        /// It went to two gateways: delivered by both, or delivered by one and reported by the other.
        var isDoubled: Bool { fault != nil && isSettled && (deliveries == 2 || deliveries == 1 && !reports.isEmpty) }

        var isSettled: Bool { !isHeard || hasResult || !reports.isEmpty }
    }

    private let entries = Mutex<[String: Entry]>([:])

    func opened(_ id: String, for chargePoint: String, isExcused: Bool) {
        entries.withLock { $0[id] = Entry(chargePoint: chargePoint, isExcused: isExcused) }
    }

    func heard(_ id: String) {
        entries.withLock { $0[id]?.isHeard = true }
    }

    func delivered(_ id: String) {
        entries.withLock { $0[id]?.deliveries += 1 }
    }

    /// An upstream message of the relay.
    func received(_ message: RelayMessage) {
        guard let id = message.uniqueID, message.type == 3 || message.type == 4 else { return }
        entries.withLock { entries in
            if message.type == 3 {
                entries[id]?.hasResult = true
            } else {
                entries[id]?.reports.insert(message.reason ?? message.errorCode ?? "-")
            }
        }
    }

    /// Excuses what is open now.
    func excuseUnsettled() {
        entries.withLock { entries in
            for (id, entry) in entries where !entry.isSettled { entries[id]?.isExcused = true }
        }
    }

    var unsettled: [String] {
        entries.withLock { $0.filter { !$0.value.isSettled && !$0.value.isExcused }.map(\.key).sorted() }
    }

    /// - Parameter tolerated: commands that may have gone to two gateways.
    func faults(tolerated: Int = 0) -> [String] {
        entries.withLock { entries in
            let excusesDoubled = entries.values.count(where: \.isDoubled) <= tolerated
            return entries.compactMap { id, entry -> String? in
                if excusesDoubled, entry.isDoubled { return nil }
                return entry.fault.map { "\(id) to \(entry.chargePoint): \($0)" }
            }
        }
        .sorted()
    }

    var count: Int { entries.withLock { $0.count } }

    var summary: String {
        entries.withLock { entries in
            let heard = entries.values.filter(\.isHeard)
            return "\(entries.count) commands, \(heard.count) heard, \(heard.count(where: \.hasResult)) answered, "
                + "\(heard.count { !$0.reports.isEmpty }) reported, \(heard.count(where: \.isExcused)) excused"
        }
    }

    func entry(_ id: String) -> Entry? {
        entries.withLock { $0[id] }
    }
}
