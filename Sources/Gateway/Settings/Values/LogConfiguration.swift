import Logging

/// What is logged and how (`log.*`).
package struct LogConfiguration: Sendable, Equatable {
    package var level: Logger.Level
    package var format: LogFormat
    /// At debug level frames are logged whole; off: with idTags and passwords hidden.
    package var showsFrames: Bool

    package init(level: Logger.Level = .info, format: LogFormat = .text, showsFrames: Bool = false) {
        self.level = level
        self.format = format
        self.showsFrames = showsFrames
    }
}

/// How a log line is written.
package enum LogFormat: String, Sendable, Equatable, CaseIterable {
    /// For people: `2026-01-02T03:04:05.678Z info   charge point connected cid=CP1`.
    case text
    /// For machines: one JSON object a line.
    case json
}
