import ChargePointSessions
import Logging

/// The logs of one process: makes loggers that share one writer.
package struct GatewayLogs: Sendable {
    private let configuration: LogConfiguration
    private let level: LogLevelInUse
    private let writer: LogWriter
    private let limiter: LogLimiter
    private let timestamp = LogTimestamp()
    /// Who watches single charge points' lines.
    let traces = LogTraces()

    /// - Parameters:
    ///   - fileDescriptor: where lines go; standard output by default.
    ///   - capacity: bytes that may wait to be written.
    ///   - now: the clock by which repeated lines are counted.
    package init(
        configuration: LogConfiguration, fileDescriptor: CInt = 1, capacity: Int = 4 * 1024 * 1024,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        let (format, timestamp) = (configuration.format, timestamp)
        self.configuration = configuration
        level = LogLevelInUse(configuration.level)
        let writer = LogWriter(fileDescriptor: fileDescriptor, capacity: capacity) { count in
            GatewayLogHandler.line(
                .warning, "log lines dropped, the log is not read fast enough",
                ["count": .stringConvertible(count)], format: format, timestamp: timestamp)
        }
        self.writer = writer
        limiter = LogLimiter(now: now) { summary in
            writer.write(GatewayLogHandler.line(summary, format: format, timestamp: timestamp))
        }
    }

    package func logger(label: String = "ocpp-gateway") -> Logger {
        Logger(label: label) { _ in handler() }
    }

    /// For libraries that make their own loggers.
    package func handler() -> GatewayLogHandler {
        GatewayLogHandler(
            level: level, format: configuration.format, limiter: limiter, writer: writer,
            timestamp: timestamp, traces: traces)
    }

    /// Lines since start that were held back because others said the same, or lost because nobody reads the log.
    package var linesDropped: Int { limiter.heldBack + writer.dropped }

    /// From now on all loggers, those that there are already too, log from this level on.
    package func use(_ level: Logger.Level) {
        self.level.use(level)
    }

    /// Sums up what was held back and whose time is over; a timer does so too.
    func sumUp() { limiter.sumUp() }

    /// Sums up what was held back so far, and waits until all lines are written, at most about `seconds`; call it last.
    ///
    /// - Returns: whether all are written.
    @discardableResult
    package func flush(seconds: Int = 2) -> Bool {
        limiter.sumUp(early: true)
        return writer.flush(seconds: seconds)
    }
}

extension GatewayLogs: LineTracing {
    package func interest(inLineAt level: Logger.Level, about chargePoint: ChargePoint) -> LineInterest {
        let isLogged = level >= self.level.level
        guard traces.isActive else { return isLogged ? .some : .none }
        let traced = traces.interest(in: chargePoint)
        if case .none = traced, isLogged { return .some }
        return traced
    }
}
