import OCPPJ
import OutsideNames
import Settings

/// The actions that some version of OCPP defines, whichever a charge point speaks: a setting that names another one is
/// most likely mistyped.
enum KnownActions {
    static func contains(_ action: String) -> Bool { all.contains(LogText(action)) || isSigned(action) }

    /// `<Action>-Signed`, as OCPP 2.x has it of every action.
    private static func isSigned(_ action: String) -> Bool {
        OCPPVersion.allCases.contains { version in
            guard let name = version.signedActionName(action) else { return false }
            return version.actions.actions.contains { $0.hasSameBytes(as: name) }
        }
    }

    /// The one that differs in capitals only, or else the one that is spelt most alike.
    static func nearest(_ action: String) -> String? {
        nearest(action, among: all.map(\.text).sorted())
    }

    /// The same among the actions of one version.
    static func nearest(_ action: String, in version: OCPPVersion) -> String? {
        nearest(action, among: version.actions.actions)
    }

    private static func nearest(_ action: String, among names: [String]) -> String? {
        let lowercased = action.lowercased()
        return names.first { $0.lowercased().hasSameBytes(as: lowercased) } ?? NearestName.of(action, among: names)
    }

    /// What is the matter with those that none defines; nil: nothing.
    static func doubt(about actions: [String]) -> String? {
        let unknown = actions.filter { !contains($0) }
        guard !unknown.isEmpty else { return nil }
        let names = unknown.map { action in
            let near = nearest(action).map { " (did you mean \($0)?)" } ?? ""
            return "\"\(action.shownInOneLine)\"\(near)"
        }
        return "OCPP defines no action \(names.shortList)"
    }

    private static let all = Set(OCPPVersion.allCases.flatMap(\.actions.actions).map { LogText($0) })
}
