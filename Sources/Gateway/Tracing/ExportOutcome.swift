import BackendHTTPClient
import Management
import NIOCore

/// What a collector has made of a batch of spans (OTLP specification, "OTLP/HTTP Response").
enum ExportOutcome: Sendable, Equatable {
    /// - Parameters:
    ///   - rejected: spans of it that it does not want.
    ///   - reason: why not.
    case taken(rejected: Int, reason: String)
    /// It is never sent again.
    case refused(reason: String)
    /// It may be taken later.
    case unavailable(reason: String, retryAfter: Duration?)

    /// Bytes of an answer that are read.
    static let longestAnswer = 64 << 10

    init(_ answer: BackendHTTPClient.Answer, spans: Int) {
        switch answer.status {
        case 200...299:
            let (rejected, reason) = Self.partialSuccess(answer.body)
            self = .taken(rejected: min(max(rejected, 0), spans), reason: reason)
        case 408, 429, 502, 503, 504:
            let seconds = answer.retryAfter.flatMap { Int($0) }.map { min(max($0, 0), 3600) }
            self = .unavailable(reason: "HTTP status \(answer.status)", retryAfter: seconds.map { .seconds($0) })
        default:
            self = .refused(reason: "HTTP status \(answer.status)")
        }
    }

    private static func partialSuccess(_ body: [UInt8]) -> (rejected: Int, reason: String) {
        guard !body.isEmpty, let json = try? JSON(reading: ByteBuffer(bytes: body)),
            let partial = json["partialSuccess"]
        else { return (0, "") }
        // As 64-bit numbers are written: as a text. Not all do.
        let rejected = partial["rejectedSpans"]
        let count = rejected?.integer ?? rejected?.string.flatMap { Int($0) } ?? 0
        return (count, partial["errorMessage"]?.string ?? "")
    }
}

/// The pause before the next attempt: doubles from one second to half a minute, with jitter.
struct RetryPause {
    static let longest = Duration.seconds(30)

    private var step = Duration.seconds(1)

    /// - Parameter wanted: what the collector has asked for.
    mutating func next(wanted: Duration?, using generator: inout some RandomNumberGenerator) -> Duration {
        let pause = step * Double.random(in: 0.5...1, using: &generator)
        step = min(step * 2, Self.longest)
        return min(max(pause, wanted ?? .zero), Self.longest)
    }

    mutating func reset() {
        step = .seconds(1)
    }
}
