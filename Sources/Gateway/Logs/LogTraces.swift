import ChargePointSessions
import Logging
import OutsideNames
import Synchronization

/// Who wants the log's lines about one charge point or address, at every level.
final class LogTraces: Sendable {
    enum Subject: Sendable {
        case chargePoint(ChargePointIdentity)
        /// Without port.
        case address(String)
    }

    struct Trace: Sendable {
        let subject: Subject
        let format: LogFormat
        /// Gets each line with its newline; returns at once.
        let sink: @Sendable (String) -> Void
    }

    private struct State {
        var traces: [Int: Trace] = [:]
        var next = 0
        /// An address takes more to compare.
        var watchesAddresses = false

        mutating func tracesChanged() {
            watchesAddresses = traces.values.contains { if case .address = $0.subject { true } else { false } }
        }
    }

    private let state = Mutex(State())
    private let count = Atomic(0)

    /// Asked for each line, on the way of messages.
    var isActive: Bool { count.load(ordering: .relaxed) > 0 }

    /// - Returns: The trace's number.
    func add(_ trace: Trace) -> Int {
        state.withLock { state in
            state.next += 1
            state.traces[state.next] = trace
            state.tracesChanged()
            count.store(state.traces.count, ordering: .relaxed)
            return state.next
        }
    }

    func remove(_ number: Int) {
        state.withLock { state in
            state.traces[number] = nil
            state.tracesChanged()
            count.store(state.traces.count, ordering: .relaxed)
        }
    }

    /// Whether anybody wants the lines of a charge point.
    func interest(in chargePoint: ChargePoint) -> LineInterest {
        state.withLock { state in
            let host = state.watchesAddresses ? PeerText(chargePoint.remoteAddress).host : ""
            var interest = LineInterest.none
            for trace in state.traces.values {
                switch trace.subject {
                case .address(let wanted) where wanted.hasSameBytes(as: host): return .byAddress
                case .chargePoint(let wanted) where wanted == chargePoint.identity: interest = .some
                case .address, .chargePoint: break
                }
            }
            return interest
        }
    }

    /// Those who want a line.
    ///
    /// - Parameter metadata: The line's own first, then its logger's.
    func traces(ofLineWith metadata: Logger.Metadata?...) -> [Trace] {
        func value(_ key: String) -> String? {
            metadata.lazy.compactMap { $0?[key] }.first.map { "\($0)" }
        }
        let (identity, address) = (value("cid"), value("remote").map(PeerText.init)?.host)
        guard identity != nil || address != nil else { return [] }
        return state.withLock { state in
            state.traces.values.filter { trace in
                switch trace.subject {
                case .chargePoint(let wanted): identity?.hasSameBytes(as: wanted.text) ?? false
                case .address(let wanted): address?.hasSameBytes(as: wanted) ?? false
                }
            }
        }
    }
}

/// A peer's address as log lines and sessions have it: `192.0.2.7:5123`, `[2001:db8::7]:5123`, or without port.
struct PeerText {
    let host: String
    /// Nil: none is known.
    let port: Int?

    init(_ text: String) {
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        guard colons == 1 || text.utf8.first == UInt8(ascii: "["), let colon = text.lastIndex(of: ":") else {
            (host, port) = (text, nil)
            return
        }
        let address = text[..<colon]
        let isInBrackets = address.hasPrefix("[") && address.hasSuffix("]")
        host = String(isInBrackets ? address.dropFirst().dropLast() : address)
        port = Int(text[text.index(after: colon)...])
    }
}
