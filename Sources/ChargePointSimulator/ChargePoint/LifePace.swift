import NIOCore

/// How long the stages of a charge point's life take. Protocol times (heartbeat interval, time-outs, retries) are
/// never scaled; what drivers and cars do is.
package struct LifePace: Sendable {
    /// A minute of life passes in this fraction of a second: 60 shows an hour of life in a minute.
    package let timeScale: Double
    /// Drivers come by themselves; else a connector stays free until a RemoteStartTransaction.
    package let hasDrivers: Bool

    /// - Parameter timeScale: over 0; 1 is real time.
    package init(timeScale: Double = 60, hasDrivers: Bool = true) {
        self.timeScale = min(max(timeScale, 0.001), 1_000_000)
        self.hasDrivers = hasDrivers
    }

    /// From the moment a connector is free to the next driver, in seconds of life.
    static let idle = 60.0...900.0
    /// From authorization to the first energy.
    static let plugIn = 15.0...60.0
    static let charging = 720.0...2_400.0
    /// From the last energy to the car having left.
    static let unplug = 30.0...120.0
    /// The pause in which a charge point restarts after a Reset.
    static let restart = 60.0...180.0

    /// What `seconds` of life are on the clock.
    func real(_ seconds: Double) -> TimeAmount {
        .nanoseconds(Int64(seconds / timeScale * 1e9))
    }

    func real(_ range: ClosedRange<Double>, using random: inout SplitMix64) -> TimeAmount {
        real(Double.random(in: range, using: &random))
    }

    /// What a time on the clock is in seconds of life.
    func seconds(_ real: TimeAmount) -> Double {
        Double(real.nanoseconds) / 1e9 * timeScale
    }
}
