import OCPPJ
import OutsideNames

extension OCPPVersion {
    /// The version of a user property `ocpp-version` (relay format, "MQTT details").
    init?(property: String?) {
        guard let version = Self.allCases.first(where: { $0.rawValue.hasSameBytes(as: property ?? "") }) else {
            return nil
        }
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
