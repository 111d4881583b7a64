/// What a handshake comes to when the charge point is let in.
enum HandshakeOutcome: Equatable {
    /// 101. `announced` is the `Sec-WebSocket-Protocol` of the answer.
    case open(subprotocol: String, announced: String?)
    /// 101 without a subprotocol, then close 1002 (OCPP-J 1.6, 3.1.2).
    case turnAway(reason: String)
    case refuse(HandshakeAnswer)

    /// As it will be agreed; nil where the handshake ends for want of one.
    var subprotocol: String? {
        guard case .open(let subprotocol, _) = self else { return nil }
        return subprotocol
    }
}
