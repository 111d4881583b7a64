import NIOCore
import OutsideNames

/// Who is here, in the order of the identities' bytes: kept between requests until somebody comes or goes, since
/// sorting ten thousand names takes longer than everything else about a list of a hundred.
actor ClientDirectory {
    private let operations: any GatewayOperations
    private var revision: UInt64?
    private var sorted: [ClientRoster.Entry] = []
    private var reuse = PageReuse()

    init(_ operations: any GatewayOperations) {
        self.operations = operations
    }

    func entries() async -> [ClientRoster.Entry] { await listing().entries }

    /// - Returns: with the roster's revision that they are of.
    func listing() async -> (entries: [ClientRoster.Entry], revision: UInt64?) {
        await update()
        return (sorted, revision)
    }

    /// A page as it was sent a moment ago, where many ask for the same; nil: it is to be made.
    func recentPage(for query: QueryParameters) async -> ByteBuffer? {
        await update()
        return reuse.page(for: query, revision: revision, now: .now())
    }

    /// - Parameters:
    ///   - revision: of the entries that are on it.
    ///   - now: when its making began.
    func made(_ page: ByteBuffer, for query: QueryParameters, revision: UInt64?, now: NIODeadline) {
        reuse.made(page, for: query, revision: revision, now: now)
    }

    private func update() async {
        guard let roster = await operations.roster(changedSince: revision) else { return }
        sorted = roster.entries.sorted { one, other in
            one.identity == other.identity
                ? one.listener.description < other.listener.description : one.identity < other.identity
        }
        revision = roster.revision
    }

    /// - Parameter listener: Tells apart those who have one name in two mountpoints.
    func entries(of identity: ChargePointIdentity, listener: String?) async -> [ClientRoster.Entry] {
        // The whole list is not worth sorting for one.
        await entries().filter { entry in
            entry.identity == identity && (listener.map { $0.hasSameBytes(as: entry.listener.description) } ?? true)
        }
    }
}
