/// The central system's counts at one moment, and how they are told.
package struct CentralSystemSnapshot: Sendable, Equatable {
    package var chargePoints = 0
    package var openTransactions = 0
    package var transactions = 0
    /// Delivered in ended and open transactions.
    package var wattHours = 0
    /// CALLs answered with a CALLRESULT.
    package var callsAnswered = 0
    /// CALLs answered with a CALLERROR.
    package var callsRefused = 0
    package var commandsSent = 0
    package var commandsAnswered = 0
    /// CALLERRORs to commands, from charge points.
    package var commandErrors = 0
    package var commandsTimedOut = 0
    /// CALLRESULTERRORs: answers that charge points cannot use.
    package var answersRefused = 0
    /// Values of periodic event streams (SEND).
    package var streamedValues = 0
    /// Errors that the gateway reported, by reason.
    package var gatewayErrors: [String: Int] = [:]
    package var badMessages = 0
    /// Publishes that the broker link did not take.
    package var notPublished = 0

    /// Whatever charge points claim, the sum stays a number.
    mutating func add(energyOf transaction: OpenTransaction) {
        let (sum, isTooMuch) = wattHours.addingReportingOverflow(transaction.wattHours)
        wattHours = isTooMuch ? wattHours : sum
    }

    private var gatewayReasons: String {
        gatewayErrors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// The live line.
    package var line: String {
        var parts = [
            "charge points \(chargePoints) seen",
            "transactions \(openTransactions) open",
            "\(kilowattHours(wattHours)) kWh",
            "calls \(callsAnswered) answered",
            "commands \(commandsSent) sent, \(commandsAnswered) answered, \(commandErrors + commandsTimedOut) errors",
        ]
        if callsRefused > 0 { parts.append("calls \(callsRefused) refused") }
        if streamedValues > 0 { parts.append("values streamed \(streamedValues)") }
        if answersRefused > 0 { parts.append("answers refused \(answersRefused)") }
        if !gatewayErrors.isEmpty { parts.append("gateway: \(gatewayReasons)") }
        if badMessages > 0 { parts.append("bad messages \(badMessages)") }
        if notPublished > 0 { parts.append("not published \(notPublished)") }
        return parts.joined(separator: " · ")
    }

    /// What happened since an earlier moment that is worth a line of its own.
    package func events(since earlier: CentralSystemSnapshot) -> [String] {
        var events: [String] = []
        if earlier.chargePoints == 0 && chargePoints > 0 { events.append("first charge point seen") }
        for (reason, count) in gatewayErrors.sorted(by: { $0.key < $1.key }) where earlier.gatewayErrors[reason] == nil
        {
            events.append("the gateway reports \(reason) (\(count))")
        }
        return events
    }

    /// The closing summary, a line each.
    package func summary(after seconds: Double) -> [String] {
        [
            "\(chargePoints) charge points seen in \(Int(seconds.rounded())) s",
            "\(transactions) transactions, \(openTransactions) still open, \(kilowattHours(wattHours)) kWh",
            "calls: \(callsAnswered) answered, \(callsRefused) refused; bad messages: \(badMessages)",
            "commands: \(commandsSent) sent, \(commandsAnswered) answered, \(commandErrors) errors, "
                + "\(commandsTimedOut) without answer",
            "values streamed: \(streamedValues); answers that charge points refused: \(answersRefused)",
            "errors reported by the gateway: \(gatewayErrors.isEmpty ? "none" : gatewayReasons)",
        ]
    }
}
