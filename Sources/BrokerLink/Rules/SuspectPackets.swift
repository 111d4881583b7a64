import DequeModule
import NIOCore
import OutsideNames

/// Finds the packet over which the broker ends the link (behaviour.md, "The broker link"), so that it does not end it
/// for ever, nor for others: what was unacknowledged at two losses in a row is suspect, and is sent one at a time before
/// anything else. Over which the link is lost then is the culprit, and is not sent again.
struct SuspectPackets {
    enum Packet: Hashable {
        /// By its number in the queue.
        case message(UInt64)
        case subscription(Topic)
        case unsubscription(Topic)
    }

    /// What a lost link says about the packets that were on their way.
    enum Verdict: Equatable {
        case nothing
        /// So many have been on their way twice when the link was lost.
        case suspects(Int)
        /// It is one of these, which went out in one packet; they are sent one by one.
        case narrowed([Packet])
        case culprit(Packet)
    }

    /// A broker that has neither acknowledged a packet by then nor ended the link has nothing against it.
    static let patience = TimeAmount.seconds(2)
    /// Subscriptions that are sent together at first.
    private static let largestGroup = 100

    /// A link that lasts for less is lost for another reason.
    static let shortestLife = TimeAmount.milliseconds(200)

    /// Losses in a row behind a packet that make it suspect.
    private let lossesNeeded: Int
    /// What was unacknowledged at the last loss, and at how many in a row.
    private var lossesBehind: [Packet: Int] = [:]
    private var notBefore = NIODeadline.uptimeNanoseconds(0)
    /// To be sent one after the other.
    private var groups: Deque<[Packet]> = []
    private var probe: (packets: [Packet], until: NIODeadline)?

    init(lossesNeeded: Int = 2) {
        self.lossesNeeded = lossesNeeded
    }

    /// Nothing but the next suspect may be sent.
    var isSearching: Bool { probe != nil || !groups.isEmpty }
    /// One is on its way, and everything waits for what the broker does with it.
    var isProbing: Bool { probe != nil }
    /// What is on its way, or comes next, is no message: those come behind all subscriptions.
    var isAboutSubscriptions: Bool {
        if case .message = probe?.packets.first ?? groups.first?.first { false } else { isSearching }
    }
    /// When there is something to do although nothing has happened.
    var deadline: NIODeadline? { probe?.until ?? (groups.isEmpty ? nil : notBefore) }

    mutating func linkUp(now: NIODeadline) {
        notBefore = now + Self.shortestLife
    }

    /// The next to be sent alone; nil: there is none, or one is on its way.
    mutating func next(now: NIODeadline) -> [Packet]? {
        guard probe == nil, now >= notBefore, let group = groups.popFirst() else { return nil }
        probe = (group, now + Self.patience)
        return group
    }

    /// Something is known that acknowledgements bear upon.
    var isWatching: Bool { probe != nil || !lossesBehind.isEmpty }

    /// Acknowledged, refused, or not there any more.
    mutating func answered(_ packet: Packet) {
        if !lossesBehind.isEmpty { lossesBehind[packet] = nil }
        guard probe != nil else { return }
        probe?.packets.removeAll { $0 == packet }
        if probe?.packets.isEmpty == true { probe = nil }
    }

    /// The link was gone before they could be sent.
    mutating func notSent() {
        guard let probe else { return }
        groups.prepend(probe.packets)
        self.probe = nil
    }

    /// The broker has had its time.
    mutating func expire(now: NIODeadline) {
        guard let probe, probe.until <= now else { return }
        self.probe = nil
        for packet in probe.packets { lossesBehind[packet] = nil }
    }

    /// - Parameters:
    ///   - unacknowledged: the packets on their way, oldest first.
    ///   - isBrokers: the broker ended the link, as far as can be seen; a link that fell silent says nothing.
    mutating func linkLost(unacknowledged: [Packet], isBrokers: Bool) -> Verdict {
        defer { probe = nil }
        guard isBrokers else {
            if let probe { groups.prepend(probe.packets) }
            return .nothing
        }
        if let probe {
            if probe.packets.count == 1 {
                lossesBehind = [:]
                return .culprit(probe.packets[0])
            }
            groups.prepend(contentsOf: probe.packets.map { [$0] })
            return .narrowed(probe.packets)
        }
        // Lost before the first suspect was sent.
        guard groups.isEmpty else { return .nothing }
        var losses: [Packet: Int] = [:]
        for packet in unacknowledged { losses[packet] = 1 + (lossesBehind[packet] ?? 0) }
        lossesBehind = losses
        let suspected = unacknowledged.filter { losses[$0, default: 0] >= lossesNeeded }
        suspect(suspected)
        return suspected.isEmpty ? .nothing : .suspects(suspected.count)
    }

    /// Subscriptions first: nothing is published before its answers can come.
    mutating func suspect(_ packets: [Packet]) {
        var subscriptions: [Packet] = []
        var unsubscriptions: [Packet] = []
        var messages: [[Packet]] = []
        for packet in packets {
            switch packet {
            case .subscription: subscriptions.append(packet)
            case .unsubscription: unsubscriptions.append(packet)
            case .message: messages.append([packet])
            }
        }
        groups += Self.grouped(unsubscriptions) + Self.grouped(subscriptions) + messages
    }

    private static func grouped(_ packets: [Packet]) -> [[Packet]] {
        stride(from: 0, to: packets.count, by: largestGroup).map { start in
            Array(packets[start..<min(start + largestGroup, packets.count)])
        }
    }
}
