import Logging

/// Formats log entries, always one line each, and hands them to a `LogWriter`, but those that a `LogLimiter` holds back.
package struct GatewayLogHandler: LogHandler {
    /// That of all loggers of the process, unless this one has been given its own. While lines are traced the loggers
    /// make every line; what is written is the same.
    package var logLevel: Logger.Level {
        get { ownLevel ?? (traces.isActive ? .trace : commonLevel.level) }
        set { ownLevel = newValue }
    }

    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let commonLevel: LogLevelInUse
    private let format: LogFormat
    private let limiter: LogLimiter
    private let writer: LogWriter
    private let timestamp: LogTimestamp
    private let traces: LogTraces

    init(
        level: LogLevelInUse, format: LogFormat, limiter: LogLimiter, writer: LogWriter, timestamp: LogTimestamp,
        traces: LogTraces
    ) {
        commonLevel = level
        self.format = format
        self.limiter = limiter
        self.writer = writer
        self.timestamp = timestamp
        self.traces = traces
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let message = event.message.description
        let isWritten =
            event.level >= ownLevel ?? commonLevel.level
            && limiter.admits(event.level, message, event.metadata, metadata)
        let traces = traces.isActive ? traces.traces(ofLineWith: event.metadata, metadata) : []
        guard isWritten || !traces.isEmpty else { return }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        if event.level >= .info { Self.shorten(&all) }
        for trace in traces {
            let line = Self.line(event.level, message, all, format: trace.format, timestamp: timestamp)
            trace.sink(String(decoding: line, as: UTF8.self))
        }
        if isWritten { writer.write(Self.line(event.level, message, all, format: format, timestamp: timestamp)) }
    }

    /// A topic or a name from outside may have 64 KB, and ten thousand lines of these would be no bound.
    private static func shorten(_ metadata: inout Logger.Metadata) {
        for (key, value) in metadata {
            guard case .string(let text) = value, text.utf8.count > longestValue else { continue }
            let beginning = String(decoding: text.utf8.prefix(longestValue), as: UTF8.self)
            metadata[key] = "\(beginning)… (\(text.utf8.count) bytes)"
        }
    }

    /// Bytes of one value, but at debug level, which has the frames.
    static let longestValue = 1024

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

    /// The line for those that were not written: `bad message from the charge point: 412 more in 10 s cid=CP1`.
    static func line(_ summary: RepeatedLines.Summary, format: LogFormat, timestamp: LogTimestamp) -> [UInt8] {
        var metadata: Logger.Metadata = ["more": .stringConvertible(summary.count)]
        if let subject = summary.kind.subject { metadata[subject.key.text] = .string(subject.value.text) }
        return line(
            summary.level, "\(summary.kind.message): \(summary.count) more in \(summary.seconds) s", metadata,
            format: format, timestamp: timestamp)
    }
}
