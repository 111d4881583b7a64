import OutsideNames

/// Who is here, in the order of the identities' bytes: kept between requests until somebody comes or goes, since
/// sorting ten thousand names takes longer than everything else about a list of a hundred.
actor ClientDirectory {
    private let operations: any GatewayOperations
    private var revision: UInt64?
    private var sorted: [ClientRoster.Entry] = []

    init(_ operations: any GatewayOperations) {
        self.operations = operations
    }

    func entries() async -> [ClientRoster.Entry] {
        guard let roster = await operations.roster(changedSince: revision) else { return sorted }
        sorted = roster.entries.sorted { one, other in
            one.identity == other.identity
                ? one.listener.description < other.listener.description : one.identity < other.identity
        }
        revision = roster.revision
        return sorted
    }

    /// - Parameter listener: Tells apart those who have one name in two mountpoints.
    func entries(of identity: ChargePointIdentity, listener: String?) async -> [ClientRoster.Entry] {
        // The whole list is not worth sorting for one.
        await entries().filter { entry in
            entry.identity == identity && (listener.map { $0.hasSameBytes(as: entry.listener.description) } ?? true)
        }
    }
}
