import Logging

/// What is logged and how (`log.*`).
public struct LogConfiguration: Sendable, Equatable {
    public var level: Logger.Level
    public var format: LogFormat
    /// At debug level frames are logged whole; off: with idTags and passwords hidden.
    public var showsFrames: Bool

    public init(level: Logger.Level = .info, format: LogFormat = .text, showsFrames: Bool = false) {
        self.level = level
        self.format = format
        self.showsFrames = showsFrames
    }
}

/// How a log line is written.
public enum LogFormat: String, Sendable, Equatable, CaseIterable {
    /// For people: `2026-01-02T03:04:05.678Z info   charge point connected cid=CP1`.
    case text
    /// For machines: one JSON object a line.
    case json
}
