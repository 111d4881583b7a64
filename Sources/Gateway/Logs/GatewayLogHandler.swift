import Logging

/// Formats log entries, always one line each, and hands them to a `LogWriter`.
public struct GatewayLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let format: LogFormat
    private let writer: LogWriter
    private let timestamp: LogTimestamp

    init(level: Logger.Level, format: LogFormat, writer: LogWriter, timestamp: LogTimestamp) {
        self.logLevel = level
        self.format = format
        self.writer = writer
        self.timestamp = timestamp
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        writer.write(
            Self.line(event.level, event.message.description, all, format: format, timestamp: timestamp))
    }

    static func line(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, format: LogFormat,
        timestamp: LogTimestamp
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch format {
        case .text:
            timestamp.appendNow(to: &line)
            TextLogLine.append(level, message, metadata, to: &line)
        case .json:
            line += Array(#"{"time":""#.utf8)
            timestamp.appendNow(to: &line)
            line.append(UInt8(ascii: "\""))
            JSONLogLine.append(level, message, metadata, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
