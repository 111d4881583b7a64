import OCPPJ

/// A payload that is not as OCPP wants it; becomes a CALLERROR, or a CALLRESULTERROR where it was an answer's.
enum PayloadFault: Error, Equatable {
    case missing(field: String)
    case wrongType(field: String)
    case notAllowed(field: String)

    /// OCPP-J 1.6, 4.2.3; OCPP-J 2.0.1, 4.3.
    private func code(in version: OCPPVersion) -> String {
        let code: OCPPErrorCode =
            switch self {
            case .missing: .missingField
            case .wrongType: .wrongType
            case .notAllowed: .violatedConstraint
            }
        return code.name(in: version)
    }

    private var description: String {
        switch self {
        case .missing(let field): "/\(field) is missing"
        case .wrongType(let field): "/\(field) has the wrong type"
        case .notAllowed(let field): "/\(field) has no allowed value"
        }
    }

    /// The CALLERROR that answers the CALL with this UniqueId.
    func callError(id: String, version: OCPPVersion) -> SimulatorMessage {
        .callError(id: id, code: code(in: version), description: description, details: [:])
    }

    /// The CALLRESULTERROR that says so of the CALLRESULT with this UniqueId (OCPP-J 2.1, 4.2.4).
    func callResultError(id: String) -> SimulatorMessage {
        .callResultError(id: id, code: code(in: .v21), description: description, details: [:])
    }
}

extension JSONObject {
    /// A required text of 1 to `limit` characters, as JSON Schema counts them.
    func text(_ field: String, limit: Int) throws(PayloadFault) -> String {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let text = value.stringValue else { throw .wrongType(field: field) }
        guard (1...limit).contains(text.unicodeScalars.count) else { throw .notAllowed(field: field) }
        return text
    }

    /// A text that may be left out.
    func optionalText(_ field: String, limit: Int) throws(PayloadFault) -> String? {
        self[field] == nil ? nil : try text(field, limit: limit)
    }

    /// A required whole number.
    func integer(_ field: String) throws(PayloadFault) -> Int {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let integer = value.integerValue else { throw .wrongType(field: field) }
        return integer
    }

    /// A whole number that may be left out.
    func optionalInteger(_ field: String) throws(PayloadFault) -> Int? {
        self[field] == nil ? nil : try integer(field)
    }

    /// A required object.
    func object(_ field: String) throws(PayloadFault) -> JSONObject {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let object = value.objectValue else { throw .wrongType(field: field) }
        return object
    }

    /// An object that may be left out.
    func optionalObject(_ field: String) throws(PayloadFault) -> JSONObject? {
        self[field] == nil ? nil : try object(field)
    }

    /// A required list of 1 to `limit` objects.
    func objects(_ field: String, limit: Int) throws(PayloadFault) -> [JSONObject] {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let list = value.arrayValue else { throw .wrongType(field: field) }
        guard (1...limit).contains(list.count) else { throw .notAllowed(field: field) }
        var objects: [JSONObject] = []
        for element in list {
            guard let object = element.objectValue else { throw .wrongType(field: field) }
            objects.append(object)
        }
        return objects
    }
}
