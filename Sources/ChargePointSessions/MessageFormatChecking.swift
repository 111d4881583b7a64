import JSONText
import OCPPJ
import OutsideNames
import SchemaChecking

/// Holds messages against the JSON Schemas of their OCPP version, and against the table of who may send what
/// (behaviour.md, "Message format checking").
package struct MessageFormatChecking: Sendable {
    /// Which messages are held against their schema (`message_format_checking`).
    package enum Mode: String, Sendable, Equatable, CaseIterable {
        case disable
        case upstreamOnly = "upstream_only"
        case downstreamOnly = "dnstream_only"
        case all

        var checksUpstream: Bool { self == .upstreamOnly || self == .all }
        var checksDownstream: Bool { self == .downstreamOnly || self == .all }
    }

    /// By version; in the order of `OCPPVersion.allCases`, as a look-up for each message must cost nothing.
    private let schemas: [MessageSchemas?]
    private let mode: Mode
    /// Actions that are relayed unchecked (`message_format_checking_exempt`).
    private let exempt: Set<String>

    /// - Parameters:
    ///   - schemas: of each version that a listener supports.
    ///   - mode: not `disable`.
    package init(schemas: [OCPPVersion: MessageSchemas], mode: Mode, exempt: Set<String> = []) {
        self.schemas = OCPPVersion.allCases.map { schemas[$0] }
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
        _ owner: PayloadOwner, of version: OCPPVersion, from direction: Direction, _ scanner: inout JSONScanner,
        callAction: (_ uniqueID: UniqueID) -> String?
    ) throws(JSONSyntaxError) -> FormatViolation? {
        let schemas = schemas[version.index]
        switch owner {
        case .call(let action), .send(let action):
            guard !exempt.contains(action) else { break }
            if let refusal = refusal(of: owner, action: action, version, from: direction) {
                _ = try scanner.scanValue()
                return refusal
            }
            return try check(schemas?.schema(forRequest: action), &scanner)
        case .callResult(let uniqueID):
            guard let action = callAction(uniqueID), !exempt.contains(action) else { break }
            return try check(schemas?.schema(forResponse: action), &scanner)
        }
        _ = try scanner.scanValue()
        return nil
    }

    /// An action that the sender may not send, or not so, whatever its payload is. One that only a schema of the
    /// operator's own knows may come from either side.
    private func refusal(
        of owner: PayloadOwner, action: String, _ version: OCPPVersion, from direction: Direction
    ) -> FormatViolation? {
        // A signed message: who may send it says the name before that; no schema is for it (OCPP-J 2.0.1, 7.1).
        let name = version.signedActionName(action) ?? action
        let actions = version.actions
        guard let sender = actions.sender(of: name) else {
            guard schemas[version.index]?.defines(action: name) != true else { return nil }
            return FormatViolation(code: .notImplemented, description: "\(action): OCPP does not define it")
        }
        switch (sender, direction) {
        case (.chargePoint, .downstream):
            return FormatViolation(code: .notSupported, description: "\(action): only a charge point may send it")
        case (.centralSystem, .upstream):
            return FormatViolation(code: .notSupported, description: "\(action): only the central system may send it")
        case (.chargePoint, .upstream), (.centralSystem, .downstream), (.either, _): break
        }
        switch (owner, actions.isSend(name)) {
        case (.call, true): return FormatViolation(code: .notSupported, description: "\(action): goes as a SEND only")
        case (.send, false): return FormatViolation(code: .notSupported, description: "\(action): goes as a CALL only")
        default: return nil
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
