import OCPPJ

/// The place of an action in a table of one version's actions, so that counting one costs no lock.
struct ActionIndex: Sendable {
    /// In the order of `OCPPVersion.index`.
    static let all = OCPPVersion.allCases.map { ActionIndex(actions: $0.actions.actions) }
    /// What OCPP does not define.
    static let other = "other"

    /// In the order of the alphabet.
    private let actions: [String]
    private let placesByAction: [String: Int]

    /// - Parameter actions: sorted.
    init(actions: [String]) {
        self.actions = actions
        placesByAction = Dictionary(uniqueKeysWithValues: zip(actions, actions.indices))
    }

    /// One more than there are actions.
    var places: Int { actions.count + 1 }

    func name(ofPlace place: Int) -> String { place < actions.count ? actions[place] : Self.other }

    func place(of action: String) -> Int { placesByAction[action] ?? actions.count }
}
