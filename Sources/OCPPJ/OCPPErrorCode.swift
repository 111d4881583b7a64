/// The error codes of CALLERRORs that the gateway itself writes (OCPP-J 1.6, table 7).
public enum OCPPErrorCode: Sendable, Equatable, CaseIterable {
    /// The message is no OCPP-J message: not JSON, a wrong length, wrong types.
    case malformedMessage
    /// A field that the action does not have.
    case unknownField
    case missingField
    case wrongType
    /// A length, range, format or other rule for a field's value.
    case violatedConstraint
    case notImplemented
    case notSupported
    case protocolError
    case internalError
    case genericError

    /// As the version spells it.
    public func name(in version: OCPPVersion) -> String {
        switch (self, version) {
        case (.malformedMessage, .v16), (.unknownField, .v16): "FormationViolation"
        // OCPP-J 1.6 spells it so.
        case (.missingField, .v16): "OccurenceConstraintViolation"
        case (.wrongType, _): "TypeConstraintViolation"
        case (.violatedConstraint, _): "PropertyConstraintViolation"
        case (.notImplemented, _): "NotImplemented"
        case (.notSupported, _): "NotSupported"
        case (.protocolError, _): "ProtocolError"
        case (.internalError, _): "InternalError"
        case (.genericError, _): "GenericError"
        }
    }
}
