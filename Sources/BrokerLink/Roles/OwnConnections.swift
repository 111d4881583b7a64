import NIOCore
import OutsideNames

/// The charge points' own connections of one broker thread, beside its shared one.
final class OwnConnections {
    /// A connection and what makes it a charge point's.
    struct Member {
        let client: BrokerClient
        let role: ChargePointRole
    }

    /// Between the first SYN and CONNACK; the others wait for their turn.
    private static let mostConnecting = 64

    private unowned let context: BrokerThreadContext
    private var members: [ObjectIdentifier: Member] = [:]
    /// Those that the broker accepted last, by client id.
    private var accepted: [ClientID: Member] = [:]
    private var recentRedeliveries = RecentRedeliveries()
    private var turns = TurnQueue<ObjectIdentifier>(most: mostConnecting)
    /// The shared connection has been up.
    private(set) var hasSharedLinkBeenUp = false

    init(_ context: BrokerThreadContext) {
        self.context = context
    }

    var isEmpty: Bool { members.isEmpty }

    /// Nil: it has ended.
    func client(of connection: BrokerConnection, beside shared: BrokerClient) -> BrokerClient? {
        let identifier = ObjectIdentifier(connection)
        if let member = members[identifier] { return member.client }
        guard let login = connection.login, !connection.isShut else { return nil }
        let role = ChargePointRole(login, context, self, beside: shared)
        let client = BrokerClient(connection: connection, context: context, role: role)
        members[identifier] = Member(client: client, role: role)
        return client
    }

    // MARK: Who has a client id

    /// What the connection with this client id has received that came before this one.
    func redeliveries(of clientID: ClientID, before client: BrokerClient) -> RedeliveryFilter? {
        if let earlier = accepted[clientID], earlier.client !== client { return earlier.client.redeliveries }
        return recentRedeliveries.filter(of: clientID)
    }

    /// The broker has accepted this one, and closed an older one with the same client id.
    func isAccepted(_ client: BrokerClient, _ role: ChargePointRole) {
        let older = accepted.updateValue(Member(client: client, role: role), forKey: role.clientID)
        if let older, older.client !== client { older.role.conclude(.takenOver, older.client) }
    }

    /// It has ended.
    func forget(_ client: BrokerClient, _ role: ChargePointRole) {
        leaveTurn(of: client)
        members[ObjectIdentifier(client.connection)] = nil
        guard accepted[role.clientID]?.client === client else { return }
        accepted[role.clientID] = nil
        recentRedeliveries.keep(client.redeliveries, of: role.clientID, now: .now())
    }

    // MARK: Connecting in turn

    /// False: it is to wait, and is told when its turn comes.
    func takeTurn(_ client: BrokerClient) -> Bool {
        defer { context.counts.setWaitingToConnect(turns.waitingCount) }
        return turns.take(ObjectIdentifier(client.connection))
    }

    /// It is connected, or does not wait any more.
    func leaveTurn(of client: BrokerClient) {
        turns.leave(ObjectIdentifier(client.connection))
        while let next = turns.next() {
            guard let client = members[next]?.client else {
                turns.leave(next)
                continue
            }
            connectSoon(client, .now())
        }
        context.counts.setWaitingToConnect(turns.waitingCount)
    }

    private func connectSoon(_ client: BrokerClient, _ time: NIODeadline) {
        client.wait(.until(time))
        context.schedule.list(client)
    }

    /// The shared connection is up, and the others follow, a thousand a second.
    func followSharedLink(_ now: NIODeadline) {
        hasSharedLinkBeenUp = true
        let spread = Int64(members.count) * TimeAmount.milliseconds(1).nanoseconds
        for member in members.values where member.client.state.pause == .forSharedLink {
            connectSoon(member.client, now + .nanoseconds(.random(in: 0...spread)))
        }
    }

    // MARK: The end

    /// The gateway stops.
    func stop() {
        for member in Array(members.values) {
            member.role.stop(member.client)
            context.schedule.list(member.client)
        }
    }

    /// There is no time left for any of them.
    func concludeAll() {
        for member in Array(members.values) { member.role.conclude(nil, member.client) }
    }
}
