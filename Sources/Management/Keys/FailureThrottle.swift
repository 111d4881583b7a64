/// Ten failures of one address in a minute: nothing more from it for a minute, right keys too. Without a clock and
/// without input or output of its own.
struct FailureThrottle: Sendable {
    static let allowed = 10
    static let window = Duration.seconds(60)
    /// Addresses that are remembered; beyond, the ones that failed longest ago are forgotten first.
    static let capacity = 10_000

    private struct Record: Sendable {
        var failures: [ContinuousClock.Instant] = []
        var blockedUntil: ContinuousClock.Instant?

        var last: ContinuousClock.Instant? { failures.last ?? blockedUntil }
    }

    private var records: [String: Record] = [:]

    /// May this address ask at all?
    func isBlocked(_ address: String, now: ContinuousClock.Instant) -> Bool {
        records[address]?.blockedUntil.map { now < $0 } ?? false
    }

    mutating func failed(_ address: String, now: ContinuousClock.Instant) {
        if records[address] == nil { makeRoom(now: now) }
        var record = records[address] ?? Record()
        record.failures.removeAll { now - $0 >= Self.window }
        record.failures.append(now)
        if record.failures.count >= Self.allowed {
            record = Record(blockedUntil: now + Self.window)
        }
        records[address] = record
    }

    private mutating func makeRoom(now: ContinuousClock.Instant) {
        guard records.count >= Self.capacity else { return }
        records = records.filter { _, record in
            if let until = record.blockedUntil { return now < until }
            return record.failures.contains { now - $0 < Self.window }
        }
        guard records.count >= Self.capacity else { return }
        // Somebody has 10,000 addresses. A tenth goes at once, so that this is not done for each of them.
        let oldest = records.sorted { ($0.value.last ?? now) < ($1.value.last ?? now) }.prefix(Self.capacity / 10)
        for (address, _) in oldest { records[address] = nil }
    }
}
