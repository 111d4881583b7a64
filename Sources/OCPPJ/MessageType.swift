/// The message types of OCPP-J (OCPP-J 1.6, 4.1.3).
public enum MessageType: Int, Sendable, Equatable {
    case call = 2
    case callResult = 3
    case callError = 4
}
