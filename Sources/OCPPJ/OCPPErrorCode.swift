/// The error codes of CALLERRORs that the gateway itself writes (OCPP-J 1.6, table 7; OCPP-J
/// 2.0.1 and 2.1, 4.3).
package enum OCPPErrorCode: Sendable, Equatable, CaseIterable {
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
    package func name(in version: OCPPVersion) -> String {
        switch (self, version) {
        case (.malformedMessage, .v16), (.unknownField, .v16): "FormationViolation"
        case (.malformedMessage, .v201), (.malformedMessage, .v21): "RpcFrameworkError"
        case (.unknownField, .v201), (.unknownField, .v21): "FormatViolation"
        // OCPP-J 1.6 spells it so.
        case (.missingField, .v16): "OccurenceConstraintViolation"
        case (.missingField, .v201), (.missingField, .v21): "OccurrenceConstraintViolation"
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
