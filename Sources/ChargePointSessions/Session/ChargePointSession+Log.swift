import CallTracing
import Logging
import NIOCore
import OCPPJ

// What a session says to the log, and to those who watch the gateway.
extension ChargePointSession {
    /// - Parameter span: of the CALL or handshake that the line is about, where it is traced.
    nonisolated func log(
        _ level: Logger.Level, _ message: Logger.Message, _ metadata: @autoclosure () -> Logger.Metadata,
        _ span: CallSpan? = nil
    ) {
        guard context.logger.logLevel <= level else { return }
        let interest = context.lineTracing?.interest(inLineAt: level, about: chargePoint) ?? .some
        if case .none = interest { return }
        var metadata = metadata()
        metadata["cid"] = "\(chargePoint.identity)"
        if let span { metadata["trace_id"] = "\(span.traceID)" }
        if case .byAddress = interest { metadata["remote"] = "\(chargePoint.remoteAddress)" }
        context.logger.log(level: level, message, metadata: metadata)
    }

    nonisolated func logFrame(_ message: Logger.Message, _ text: ByteBuffer) {
        log(
            .debug, message,
            ["frame": "\(FrameRedaction.text(of: text, showsAll: context.logsWholeFrames))"])
    }

    /// Makes an event only where somebody listens.
    nonisolated func tell(_ event: () -> SessionEvent) {
        guard let events = context.events, events.isListening else { return }
        events.occurred(event())
    }
}

extension TimeAmount {
    /// `12.345`.
    var secondsWithMilliseconds: String {
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
