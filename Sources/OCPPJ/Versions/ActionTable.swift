/// Which side may send an action.
package enum ActionSender: Sendable, Equatable {
    case chargePoint
    case centralSystem
    case either
}

/// The actions of one OCPP version, and who may send them.
package struct ActionTable: Sendable {
    private let senders: [String: ActionSender]
    private let unanswered: Set<String>

    init(
        chargePoint: [String], centralSystem: [String], either: [String] = ["DataTransfer"],
        sentByChargePoint: [String] = []
    ) {
        var senders: [String: ActionSender] = [:]
        for action in chargePoint + sentByChargePoint { senders[action] = .chargePoint }
        for action in centralSystem { senders[action] = .centralSystem }
        for action in either { senders[action] = .either }
        self.senders = senders
        unanswered = Set(sentByChargePoint)
    }

    /// Who may send this action; nil for an action that the version does not define.
    package func sender(of action: String) -> ActionSender? {
        senders[action]
    }

    /// Whether the action goes as a SEND, which is never answered, and not as a CALL (OCPP-J 2.1, 4.2.5).
    package func isSend(_ action: String) -> Bool {
        unanswered.contains(action)
    }

    /// All actions, in the order of the alphabet.
    package var actions: [String] { senders.keys.sorted() }
}
