import ChargePointSessions
import OCPPJ
import OutsideNames
import SchemaChecking
import Settings

/// Which messages that are to be checked have no schema, and which schemas are for no message: a file that is missing or
/// misspelt must not make a check pass in silence.
struct SchemaCoverage {
    private let version: OCPPVersion
    /// `Authorize`, `AuthorizeResponse`, in the order of the actions.
    private let missing: [String]
    /// Names of files, with what was probably meant.
    private let strange: [String]

    init(
        of version: OCPPVersion, by schemas: MessageSchemas, _ mode: MessageFormatChecking.Mode, exempt: Set<String>
    ) {
        self.version = version
        let isExempt = { (action: String) in exempt.contains { $0.hasSameBytes(as: action) } }
        var missing: [String] = []
        for action in version.actions.actions where !isExempt(action) {
            let checked = CheckedMessages(of: action, in: version, mode)
            if checked.request, schemas.schema(forRequest: action) == nil { missing.append(action) }
            if checked.response, schemas.schema(forResponse: action) == nil { missing.append(action + "Response") }
        }
        self.missing = missing
        let known = Set(version.actions.actions.map { LogText($0) })
        strange = schemas.files.filter { !known.contains(LogText($0.action)) && !isExempt($0.action) }.map { file in
            let near = KnownActions.nearest(file.action, in: version).map { " (did you mean \($0)?)" } ?? ""
            return file.name.shownInOneLine + near
        }
    }

    /// At most one for what is missing, and one for what is strange.
    var doubts: [String] {
        var doubts: [String] = []
        if !missing.isEmpty {
            let (count, verb) = missing.count == 1 ? ("1 message", "is") : ("\(missing.count) messages", "are")
            doubts.append(
                "no schema for \(count) of OCPP \(version.rawValue), which \(verb) relayed unchecked: "
                    + missing.shortList(naming: 10))
        }
        if !strange.isEmpty {
            doubts.append(
                "OCPP \(version.rawValue) defines no action that is named by \(strange.shortList(naming: 10))")
        }
        return doubts
    }
}

/// What of an action comes from a side that is checked.
private struct CheckedMessages {
    var request: Bool
    var response: Bool

    init(of action: String, in version: OCPPVersion, _ mode: MessageFormatChecking.Mode) {
        let upstream = mode == .all || mode == .upstreamOnly
        let downstream = mode == .all || mode == .downstreamOnly
        switch version.actions.sender(of: action) {
        case .chargePoint: (request, response) = (upstream, downstream)
        case .centralSystem: (request, response) = (downstream, upstream)
        case .either: (request, response) = (upstream || downstream, upstream || downstream)
        case nil: (request, response) = (false, false)
        }
        if version.actions.isSend(action) { response = false }
    }
}
