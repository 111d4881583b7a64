/// A component or a variable by its name (OCPP 2.0.1, ComponentType and VariableType), as the central system writes it.
struct DeviceName: Sendable, Equatable {
    var name: String
    var instance: String?

    init(_ payload: JSONObject) throws(PayloadFault) {
        name = try payload.text("name", limit: 50)
        instance = try payload.optionalText("instance", limit: 50)
    }

    init(_ name: String, instance: String? = nil) {
        self.name = name
        self.instance = instance
    }

    var json: JSONObject {
        var json: JSONObject = ["name": .string(name)]
        if let instance { json["instance"] = .string(instance) }
        return json
    }

    /// OCPP 2.0.1, part 2, 2.1.2: in these names upper and lower case are the same.
    func means(_ other: DeviceName) -> Bool {
        Self.isSame(name, other.name) && Self.isSame(instance ?? "", other.instance ?? "")
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}

/// A component of the charging station (ComponentType): what it is called, and the EVSE or connector that it belongs to.
struct DeviceComponent: Sendable, Equatable {
    var name: DeviceName
    var evse: Int?
    var connector: Int?

    init(_ name: String, evse: Int? = nil, connector: Int? = nil) {
        self.name = DeviceName(name)
        self.evse = evse
        self.connector = connector
    }

    init(_ payload: JSONObject) throws(PayloadFault) {
        name = try DeviceName(payload)
        guard let place = try payload.optionalObject("evse") else { return }
        evse = try place.integer("id")
        connector = try place.optionalInteger("connectorId")
        // OCPP 2.1 has no such numbers, and 2.0.1 no use for them.
        guard evse ?? 0 >= 0, connector ?? 0 >= 0 else { throw .notAllowed(field: "evse") }
    }

    var json: JSONValue {
        var json = name.json
        if let evse {
            var place: JSONObject = ["id": .integer(evse)]
            if let connector { place["connectorId"] = .integer(connector) }
            json["evse"] = .object(place)
        }
        return .object(json)
    }

    func means(_ other: DeviceComponent) -> Bool {
        name.means(other.name) && evse == other.evse && connector == other.connector
    }
}

/// One variable of the device model, with the one attribute `Actual`.
struct DeviceVariable: Sendable {
    enum Value: Sendable {
        case setting(SettingValue)
        /// The connector's status.
        case status
    }

    /// DataEnumType.
    enum Kind: String, Sendable {
        case text = "string"
        case integer
        case boolean
        case options = "OptionList"
        case members = "MemberList"
        case sequence = "SequenceList"
    }

    var component: DeviceComponent
    var name: DeviceName
    var kind: Kind
    var value: Value

    init(_ component: DeviceComponent, _ name: String, instance: String? = nil, _ kind: Kind, _ value: Value) {
        self.component = component
        self.name = DeviceName(name, instance: instance)
        self.kind = kind
        self.value = value
    }

    var isReadOnly: Bool {
        if case .setting(let value) = value { value.isReadOnly } else { true }
    }

    /// - Parameter status: the connector's.
    func text(in settings: StationSettings, status: String) -> String {
        switch value {
        case .setting(let value): value.text(in: settings)
        case .status: status
        }
    }

    /// - Returns: whether the text is a value that it may have; only then it has it.
    func set(_ text: String, in settings: inout StationSettings) -> Bool {
        if case .setting(let value) = value { value.set(text, in: &settings) } else { false }
    }

    /// ReportDataType.
    func reported(in settings: StationSettings, status: String) -> JSONValue {
        [
            "component": component.json, "variable": .object(name.json),
            "variableAttribute": [
                [
                    "type": "Actual", "value": .string(text(in: settings, status: status)),
                    "mutability": isReadOnly ? "ReadOnly" : "ReadWrite",
                ]
            ],
            "variableCharacteristics": ["dataType": .string(kind.rawValue), "supportsMonitoring": false],
        ]
    }
}
