import Logging

/// The logs of one process: makes loggers that share one writer.
public struct GatewayLogs: Sendable {
    private let configuration: LogConfiguration
    private let writer: LogWriter
    private let timestamp = LogTimestamp()

    /// - Parameters:
    ///   - fileDescriptor: where lines go; standard output by default.
    ///   - capacity: bytes that may wait to be written.
    public init(configuration: LogConfiguration, fileDescriptor: CInt = 1, capacity: Int = 4 * 1024 * 1024) {
        let (format, timestamp) = (configuration.format, timestamp)
        self.configuration = configuration
        writer = LogWriter(fileDescriptor: fileDescriptor, capacity: capacity) { count in
            GatewayLogHandler.line(
                .warning, "log lines dropped, the log is not read fast enough",
                ["count": .stringConvertible(count)], format: format, timestamp: timestamp)
        }
    }

    public func logger(label: String = "ocpp-gateway") -> Logger {
        Logger(label: label) { _ in handler() }
    }

    /// For libraries that make their own loggers.
    public func handler() -> GatewayLogHandler {
        GatewayLogHandler(
            level: configuration.level, format: configuration.format, writer: writer, timestamp: timestamp)
    }

    /// Waits until all lines are written, at most about `seconds`; call it last.
    ///
    /// - Returns: whether all are written.
    @discardableResult
    public func flush(seconds: Int = 2) -> Bool { writer.flush(seconds: seconds) }
}
