import OutsideNames

/// The OCPP versions that the simulator speaks. Written apart from the gateway's own, which it checks from outside.
package enum OCPPVersion: String, Sendable, CaseIterable {
    case v16 = "1.6"
    case v201 = "2.0.1"
    case v21 = "2.1"

    /// The WebSocket subprotocol (OCPP-J 1.6, 3.1.2).
    var subprotocol: String { "ocpp" + rawValue }

    /// The version of a user property `ocpp-version` (relay format, "MQTT details").
    init?(property: String?) {
        self.init { $0.rawValue.hasSameBytes(as: property ?? "") }
    }

    init?(subprotocol: String) {
        self.init { $0.subprotocol.hasSameBytes(as: subprotocol) }
    }

    private init?(where matches: (OCPPVersion) -> Bool) {
        guard let version = Self.allCases.first(where: matches) else { return nil }
        self = version
    }
}

extension OCPPVersion {
    /// Why a list of versions is not one.
    package struct ListRefusal: Error, Equatable {
        package let name: String
    }

    /// Versions of a command line, with a comma between them: `2.0.1`, `1.6,2.1`; `mixed` means all.
    package static func list(_ text: String) throws(ListRefusal) -> [OCPPVersion] {
        if text == "mixed" { return allCases }
        var versions: [OCPPVersion] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let version = OCPPVersion(rawValue: String(name)) else { throw ListRefusal(name: String(name)) }
            versions.append(version)
        }
        return versions
    }
}
