import OutsideNames

/// A version of OCPP that a charge point may speak.
package enum OCPPVersion: String, Sendable, CaseIterable {
    case v16 = "1.6"
    case v201 = "2.0.1"
    case v21 = "2.1"

    /// The WebSocket subprotocol of this version (OCPP-J 1.6, 3.1.2; 2.0.1, 3.1.2).
    package var subprotocol: String {
        switch self {
        case .v16: "ocpp1.6"
        case .v201: "ocpp2.0.1"
        case .v21: "ocpp2.1"
        }
    }

    package init?(subprotocol: String) {
        guard let version = Self.allCases.first(where: { $0.subprotocol.hasSameBytes(as: subprotocol) }) else {
            return nil
        }
        self = version
    }
}
