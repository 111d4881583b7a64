/// A version of OCPP that a charge point may speak.
public enum OCPPVersion: String, Sendable, CaseIterable {
    case v16 = "1.6"

    /// The WebSocket subprotocol of this version (OCPP-J 1.6, 3.1.2).
    public var subprotocol: String { "ocpp" + rawValue }

    public init?(subprotocol: String) {
        guard let version = Self.allCases.first(where: { $0.subprotocol == subprotocol }) else { return nil }
        self = version
    }

    /// OCPP 1.6 allows `null` for a payload without fields (OCPP-J 1.6, 4.2.1).
    var readsNullAsEmptyPayload: Bool { self == .v16 }
}
