/// The message types of OCPP-J (OCPP-J 1.6, 4.1.3; 2.1, 4.1.3).
package enum MessageType: Int, Sendable, Equatable {
    case call = 2
    case callResult = 3
    case callError = 4
    /// The answer to a CALL could not be used (OCPP 2.1).
    case callResultError = 5
    /// A request that is never answered (OCPP 2.1).
    case send = 6

    /// What a message of the type has behind its UniqueId.
    enum Shape {
        case actionAndPayload
        case payload
        case error
    }

    /// Whether a message of the type answers a CALL, by its UniqueId.
    package var answersCall: Bool { self == .callResult || self == .callError }

    var shape: Shape {
        switch self {
        case .call, .send: .actionAndPayload
        case .callResult: .payload
        case .callError, .callResultError: .error
        }
    }
}
