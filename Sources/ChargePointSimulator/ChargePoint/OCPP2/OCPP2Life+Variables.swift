import NIOCore

/// The device model's commands (OCPP 2.0.1, B05 to B08).
extension OCPP2Life {
    mutating func getVariables(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        var results: [JSONValue] = []
        for asked in try payload.objects("getVariableData", limit: DeviceModel.itemsPerMessage) {
            let asked = try VariableRequest(asked)
            let found = asked.find()
            var result = asked.json
            result["attributeStatus"] = .string(found.status)
            if let variable = found.variable {
                let status = status(of: station.phase)
                result["attributeValue"] = .string(variable.text(in: station.settings, status: status))
            }
            results.append(.object(result))
        }
        station.send(.callResult(id: id, payload: ["getVariableResult": .array(results)]))
    }

    mutating func setVariables(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        var wanted: [(variable: VariableRequest, text: String)] = []
        // All are read before one is set: a bad request is refused whole.
        for asked in try payload.objects("setVariableData", limit: DeviceModel.itemsPerMessage) {
            let text = try asked.text("attributeValue", limit: version == .v21 ? 2_500 : 1_000)
            wanted.append((try VariableRequest(asked), text))
        }
        var results: [JSONValue] = []
        for (asked, text) in wanted {
            let found = asked.find()
            var result = asked.json
            result["attributeStatus"] = .string(found.status)
            if let variable = found.variable, !variable.set(text, in: &station.settings) {
                result["attributeStatus"] = "Rejected"
            }
            results.append(.object(result))
        }
        station.send(.callResult(id: id, payload: ["setVariableResult": .array(results)]))
    }

    mutating func getBaseReport(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let requestID = try payload.integer("requestId")
        let base = try payload.text("reportBase", limit: 50)
        guard let base = DeviceModel.ReportBase(rawValue: base) else { throw .notAllowed(field: "reportBase") }
        let isTaken = report(DeviceModel.variables(of: base), requestID: requestID, at: now)
        reply(id, status: isTaken ? "Accepted" : "Rejected")
    }

    mutating func getReport(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let requestID = try payload.integer("requestId")
        // Nothing that is simulated has a problem, or can be switched off.
        guard payload["componentCriteria"] == nil else { return reply(id, status: "NotSupported") }
        var variables = DeviceModel.variables(of: .full)
        if payload["componentVariable"] != nil {
            variables = []
            for asked in try payload.objects("componentVariable", limit: DeviceModel.itemsPerMessage) {
                var found = DeviceModel.variables(of: try DeviceComponent(asked.object("component")))
                if let name = try asked.optionalObject("variable") {
                    let name = try DeviceName(name)
                    found = found.filter { $0.name.means(name) }
                }
                variables += found
            }
        }
        guard !variables.isEmpty else { return reply(id, status: "EmptyResultSet") }
        let isTaken = report(variables, requestID: requestID, at: now)
        reply(id, status: isTaken ? "Accepted" : "Rejected")
    }

    /// Queues the NotifyReports of some variables.
    ///
    /// - Returns: false when there is no room for all of them; then there is none.
    @discardableResult
    mutating func report(_ variables: [DeviceVariable], requestID: Int, at now: NIODeadline) -> Bool {
        let starts = Array(stride(from: 0, to: variables.count, by: DeviceModel.itemsPerMessage))
        guard starts.count <= station.calls.room else { return false }
        let status = status(of: station.phase)
        for (number, start) in starts.enumerated() {
            let part = variables[start..<min(start + DeviceModel.itemsPerMessage, variables.count)]
            station.calls.append(
                CallQueue.Call(
                    action: .notifyReport,
                    payload: [
                        "requestId": .integer(requestID), "generatedAt": timestamp(now), "seqNo": .integer(number),
                        "tbc": .bool(number < starts.count - 1),
                        "reportData": .array(part.map { $0.reported(in: station.settings, status: status) }),
                    ]))
        }
        return true
    }
}

/// One variable that GetVariables or SetVariables names.
private struct VariableRequest {
    private let component: DeviceComponent
    private let variable: DeviceName
    private let attribute: String?

    /// AttributeEnumType.
    private static let attributes = ["Actual", "Target", "MinSet", "MaxSet"]

    init(_ payload: JSONObject) throws(PayloadFault) {
        component = try DeviceComponent(payload.object("component"))
        variable = try DeviceName(payload.object("variable"))
        attribute = try payload.optionalText("attributeType", limit: 10)
        if let attribute, !Self.attributes.contains(attribute) { throw .notAllowed(field: "attributeType") }
    }

    /// What the answer repeats.
    var json: JSONObject {
        var json: JSONObject = ["component": component.json, "variable": .object(variable.json)]
        if let attribute { json["attributeType"] = .string(attribute) }
        return json
    }

    /// The variable, if there is one, and what the answer says of it.
    func find() -> (variable: DeviceVariable?, status: String) {
        let known = DeviceModel.variables(of: component)
        guard !known.isEmpty else { return (nil, "UnknownComponent") }
        guard let found = known.first(where: { $0.name.means(variable) }) else { return (nil, "UnknownVariable") }
        guard attribute ?? "Actual" == "Actual" else { return (nil, "NotSupportedAttributeType") }
        return (found, "Accepted")
    }
}
