import OutsideNames

/// Which OCPP version a connection speaks (OCPP-J 1.6, 3.1.2; RFC 6455, 4.2.2).
enum SubprotocolNegotiation: Equatable {
    /// Offered and supported: named in the answer.
    case agreed(String)
    /// None was offered; the listener's first supported one is taken, and the answer names none.
    case assumed(String)
    /// Offered, none supported: the handshake succeeds and the connection is closed with 1002.
    case unsupported
    /// Answered with 400.
    case refused(reason: String)

    /// - Parameter offered: The names in the charge point's order of preference. They are compared byte by byte.
    init(offered: [Substring], supported: [String], failIfNoSubprotocol: Bool) {
        let offered = offered.filter { !$0.isEmpty }
        if let agreed = offered.lazy.map(String.init).first(where: { offer in
            supported.contains { $0.hasSameBytes(as: offer) }
        }) {
            self = .agreed(agreed)
        } else if failIfNoSubprotocol {
            self = .refused(
                reason: offered.isEmpty
                    ? "no subprotocol offered; supported: \(supported.joined(separator: ", "))"
                    : "no offered subprotocol is supported; supported: \(supported.joined(separator: ", "))"
            )
        } else if offered.isEmpty, let first = supported.first {
            self = .assumed(first)
        } else {
            self = .unsupported
        }
    }
}
