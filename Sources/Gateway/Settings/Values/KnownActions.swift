import OCPPJ
import OutsideNames
import Settings

/// The actions that some version of OCPP defines, whichever a charge point speaks: a setting that names another one is
/// most likely mistyped.
enum KnownActions {
    static func contains(_ action: String) -> Bool { all.contains(LogText(action)) }

    /// The one that differs in capitals only, or else the one that is spelt most alike.
    static func nearest(_ action: String) -> String? {
        let names = all.map(\.text).sorted()
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
