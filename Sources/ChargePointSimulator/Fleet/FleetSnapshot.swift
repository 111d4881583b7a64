/// The fleet's counts at one moment, and how they are told.
package struct FleetSnapshot: Sendable, Equatable {
    package var chargePoints = 0
    package var connected = 0
    package var connections = 0
    package var connectionsLost = 0
    package var attemptsFailed = 0
    package var charging = 0
    package var transactions = 0
    package var wattHours = 0
    package var boots = 0
    package var callsSent = 0
    package var callsAnswered = 0
    package var callsFailed = 0
    package var callsTimedOut = 0
    package var transactionMessagesLost = 0
    /// SENDs, which are never answered.
    package var sendsSent = 0
    package var commands = 0
    /// Answers to commands that the central system cannot use (CALLRESULTERROR).
    package var answersRefused = 0
    package var badMessages = 0
    package var lastFailure: String?

    /// CALLs that got a CALLERROR, an unusable answer or none.
    package var errors: Int { callsFailed + callsTimedOut }

    /// The live line.
    package var line: String {
        var parts = [
            "charge points \(connected)/\(chargePoints) connected",
            "charging \(charging)",
            "calls \(callsSent) sent, \(callsAnswered) answered, \(errors) errors",
            "commands \(commands)",
        ]
        if sendsSent > 0 { parts.append("sends \(sendsSent)") }
        if answersRefused > 0 { parts.append("answers refused \(answersRefused)") }
        if badMessages > 0 { parts.append("bad messages \(badMessages)") }
        if connected < chargePoints, let lastFailure { parts.append("last failure: \(lastFailure)") }
        return parts.joined(separator: " · ")
    }

    /// What happened since an earlier moment that is worth a line of its own.
    package func events(since earlier: FleetSnapshot) -> [String] {
        var events: [String] = []
        if earlier.connections == 0 && connections > 0 { events.append("first charge point connected") }
        if earlier.connected < chargePoints && connected == chargePoints {
            events.append("all \(chargePoints) charge points connected")
        }
        let reason = lastFailure.map { " (last: \($0))" } ?? ""
        let lost = connectionsLost - earlier.connectionsLost
        if lost > 0 { events.append("\(lost) \(lost == 1 ? "connection" : "connections") lost\(reason)") }
        if attemptsFailed > earlier.attemptsFailed && lastFailure != earlier.lastFailure {
            events.append("connections fail\(reason)")
        }
        let given = transactionMessagesLost - earlier.transactionMessagesLost
        if given > 0 { events.append("\(given) transaction messages given up: the central system did not take them") }
        return events
    }

    /// The closing summary, a line each.
    package func summary(after seconds: Double) -> [String] {
        var lines = [
            "\(chargePoints) charge points, \(connections) connections in \(Int(seconds.rounded())) s; "
                + "\(connectionsLost) lost, \(attemptsFailed) attempts failed",
            "\(boots) boots accepted, \(transactions) transactions, \(kilowattHours(wattHours)) kWh in those that ended",
            "calls: \(callsSent) sent, \(callsAnswered) answered, \(callsFailed) failed, \(callsTimedOut) without answer",
            "commands: \(commands) answered; bad messages: \(badMessages); "
                + "transaction messages given up: \(transactionMessagesLost)",
        ]
        if sendsSent > 0 || answersRefused > 0 {
            lines.append("sends: \(sendsSent); answers that the central system refused: \(answersRefused)")
        }
        if connections == 0, let lastFailure { lines.append("nothing could connect: \(lastFailure)") }
        return lines
    }
}

/// Watt-hours as kWh with one decimal.
func kilowattHours(_ wattHours: Int) -> String {
    let tenths = wattHours / 100 + (wattHours % 100 >= 50 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10)"
}
