/// What one event loop, or all of them together, have counted.
struct LoadCounters: Sendable {
    /// Connections that are open now.
    var open = 0
    /// Connections that were not let in.
    var refused = 0
    /// Why the first of them was not.
    var firstRefusal: String?
    /// Connections that the other side ended.
    var lost = 0
    var sent = 0
    /// CALLRESULTs.
    var answered = 0
    /// CALLERRORs.
    var errors = 0
    /// Messages that answer no open CALL.
    var unmatched = 0
    var protocolErrors = 0
    var pings = 0

    /// Connections stay counted.
    mutating func startOver() {
        self = LoadCounters(open: open, refused: refused, firstRefusal: firstRefusal, lost: lost)
    }

    static func + (left: Self, right: Self) -> Self {
        LoadCounters(
            open: left.open + right.open, refused: left.refused + right.refused,
            firstRefusal: left.firstRefusal ?? right.firstRefusal, lost: left.lost + right.lost,
            sent: left.sent + right.sent, answered: left.answered + right.answered,
            errors: left.errors + right.errors, unmatched: left.unmatched + right.unmatched,
            protocolErrors: left.protocolErrors + right.protocolErrors, pings: left.pings + right.pings)
    }
}
