import JSONText
import OCPPJ
import OutsideNames
import SchemaChecking

/// Holds messages against the JSON Schemas of their OCPP version, and against the table of who may send what
/// (behaviour.md, "Message format checking").
public struct MessageFormatChecking: Sendable {
    /// Which messages are held against their schema (`message_format_checking`).
    public enum Mode: String, Sendable, Equatable, CaseIterable {
        case disable
        case upstreamOnly = "upstream_only"
        case downstreamOnly = "dnstream_only"
        case all

        var checksUpstream: Bool { self == .upstreamOnly || self == .all }
        var checksDownstream: Bool { self == .downstreamOnly || self == .all }
    }

    private let schemas: MessageSchemas
    private let actions = ActionTable.ocpp16
    private let mode: Mode
    /// Actions that are relayed unchecked (`message_format_checking_exempt`).
    private let exempt: Set<String>

    /// - Parameter mode: not `disable`.
    public init(schemas: MessageSchemas, mode: Mode, exempt: Set<String> = []) {
        self.schemas = schemas
        self.mode = mode
        self.exempt = exempt
    }

    /// Where a message comes from.
    enum Direction {
        case upstream, downstream
    }

    func checks(_ direction: Direction) -> Bool {
        direction == .upstream ? mode.checksUpstream : mode.checksDownstream
    }

    /// Walks a payload and says what is wrong with its message.
    ///
    /// - Parameter callAction: the action of the CALL that a CALLRESULT answers; nil for one that answers none.
    func walk(
        _ owner: PayloadOwner, from direction: Direction, _ scanner: inout JSONScanner,
        callAction: (_ uniqueID: UniqueID) -> String?
    ) throws(JSONSyntaxError) -> FormatViolation? {
        switch owner {
        case .call(let action) where !exempt.contains(action):
            if let refusal = refusal(ofCall: action, from: direction) {
                _ = try scanner.scanValue()
                return refusal
            }
            return try check(schemas.schema(forRequest: action), &scanner)
        case .callResult(let uniqueID):
            guard let action = callAction(uniqueID), !exempt.contains(action) else { break }
            return try check(schemas.schema(forResponse: action), &scanner)
        case .call: break
        }
        _ = try scanner.scanValue()
        return nil
    }

    /// An action that the sender may not send, whatever its payload is. One that only a schema of the operator's own
    /// knows may come from either side.
    private func refusal(ofCall action: String, from direction: Direction) -> FormatViolation? {
        switch (actions.sender(of: action), direction) {
        case (.chargePoint, .upstream), (.centralSystem, .downstream), (.either, _): return nil
        case (.chargePoint, .downstream):
            return FormatViolation(code: .notSupported, description: "\(action): only a charge point may send it")
        case (.centralSystem, .upstream):
            return FormatViolation(code: .notSupported, description: "\(action): only the central system may send it")
        case (nil, _):
            guard !schemas.defines(action: action) else { return nil }
            return FormatViolation(code: .notImplemented, description: "\(action): OCPP does not define it")
        }
    }

    private func check(
        _ schema: Schema?, _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> FormatViolation? {
        guard let schema else {
            _ = try scanner.scanValue()
            return nil
        }
        return try schema.check(&scanner).map { violation in
            FormatViolation(code: OCPPErrorCode(violation.kind), description: violation.description)
        }
    }
}

/// What is wrong with a well-formed message, as its sender is told.
struct FormatViolation: Equatable {
    let code: OCPPErrorCode
    let description: String
}

extension OCPPErrorCode {
    fileprivate init(_ kind: SchemaViolation.Kind) {
        switch kind {
        case .missingField: self = .missingField
        case .wrongType: self = .wrongType
        case .constraint: self = .violatedConstraint
        case .unknownField: self = .unknownField
        }
    }
}
