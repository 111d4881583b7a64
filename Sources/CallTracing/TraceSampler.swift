import Synchronization

/// Decides which traces are kept, by their random ids: the same share of them wherever the same ratio is asked.
///
/// For each CALL of a charge point one is drawn. That costs an atomic addition and a few multiplications, and no
/// allocation.
package final class TraceSampler: Sendable {
    /// A trace whose id's lower 56 bits are below this is kept: as OpenTelemetry's samplers decide.
    private let threshold: Atomic<UInt64>
    private let drawn: Atomic<UInt64>
    private static let bits: UInt64 = 56

    /// - Parameter ratio: 0 to 1.
    package init(ratio: Double) {
        threshold = Atomic(Self.threshold(of: ratio))
        drawn = Atomic(.random(in: .min ... .max))
    }

    /// From now on this is the share.
    package func use(ratio: Double) {
        threshold.store(Self.threshold(of: ratio), ordering: .relaxed)
    }

    private static func threshold(of ratio: Double) -> UInt64 {
        let all = Double(UInt64(1) << bits)
        return UInt64(max(0, min(1, ratio)) * all)
    }

    /// A new trace, where it is one of those that are kept.
    package func draw() -> TraceID? {
        let low = Self.mixed(drawn.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue)
        guard keeps(low) else { return nil }
        // All zeros once in 2^128.
        return TraceID(high: .random(in: .min ... .max), low: low)
    }

    private func keeps(_ low: UInt64) -> Bool {
        low & ((1 << Self.bits) - 1) < threshold.load(ordering: .relaxed)
    }

    /// SplitMix64: successive numbers become as good as random.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
