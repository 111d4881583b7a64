import Synchronization

/// What the charge points of one fleet count together, from all event loops.
final class FleetCounters: Sendable {
    let connected = Atomic<Int>(0)
    let connections = Atomic<Int>(0)
    let connectionsLost = Atomic<Int>(0)
    let attemptsFailed = Atomic<Int>(0)
    let charging = Atomic<Int>(0)
    let transactions = Atomic<Int>(0)
    let wattHours = Atomic<Int>(0)
    let boots = Atomic<Int>(0)
    let callsSent = Atomic<Int>(0)
    let callsAnswered = Atomic<Int>(0)
    let callsFailed = Atomic<Int>(0)
    let callsTimedOut = Atomic<Int>(0)
    let transactionMessagesLost = Atomic<Int>(0)
    let sendsSent = Atomic<Int>(0)
    let commands = Atomic<Int>(0)
    let answersRefused = Atomic<Int>(0)
    let badMessages = Atomic<Int>(0)
    /// Why the last connection was refused or lost.
    let lastFailure = Mutex<String?>(nil)

    func count(_ occurrence: LifeOccurrence) {
        switch occurrence {
        case .booted: add(1, to: boots)
        case .callSent: add(1, to: callsSent)
        case .callAnswered: add(1, to: callsAnswered)
        case .callFailed: add(1, to: callsFailed)
        case .callTimedOut: add(1, to: callsTimedOut)
        case .transactionMessageLost: add(1, to: transactionMessagesLost)
        case .sendSent: add(1, to: sendsSent)
        case .commandAnswered: add(1, to: commands)
        case .answerRefused: add(1, to: answersRefused)
        case .chargingBegan:
            add(1, to: charging)
            add(1, to: transactions)
        case .chargingEnded(let energy):
            add(-1, to: charging)
            add(energy, to: wattHours)
        case .badMessage: add(1, to: badMessages)
        }
    }

    func connectionOpened() {
        add(1, to: connected)
        add(1, to: connections)
    }

    func connectionLost(reason: String) {
        add(-1, to: connected)
        add(1, to: connectionsLost)
        lastFailure.withLock { $0 = reason }
    }

    /// A connection that ended because this side wanted it.
    func connectionClosed() {
        add(-1, to: connected)
    }

    func attemptFailed(reason: String) {
        add(1, to: attemptsFailed)
        lastFailure.withLock { $0 = reason }
    }

    private func add(_ number: Int, to counter: borrowing Atomic<Int>) {
        counter.wrappingAdd(number, ordering: .relaxed)
    }

    func snapshot(of chargePoints: Int) -> FleetSnapshot {
        FleetSnapshot(
            chargePoints: chargePoints,
            connected: connected.load(ordering: .relaxed),
            connections: connections.load(ordering: .relaxed),
            connectionsLost: connectionsLost.load(ordering: .relaxed),
            attemptsFailed: attemptsFailed.load(ordering: .relaxed),
            charging: charging.load(ordering: .relaxed),
            transactions: transactions.load(ordering: .relaxed),
            wattHours: wattHours.load(ordering: .relaxed),
            boots: boots.load(ordering: .relaxed),
            callsSent: callsSent.load(ordering: .relaxed),
            callsAnswered: callsAnswered.load(ordering: .relaxed),
            callsFailed: callsFailed.load(ordering: .relaxed),
            callsTimedOut: callsTimedOut.load(ordering: .relaxed),
            transactionMessagesLost: transactionMessagesLost.load(ordering: .relaxed),
            sendsSent: sendsSent.load(ordering: .relaxed),
            commands: commands.load(ordering: .relaxed),
            answersRefused: answersRefused.load(ordering: .relaxed),
            badMessages: badMessages.load(ordering: .relaxed),
            lastFailure: lastFailure.withLock { $0 }
        )
    }
}
