import NIOCore
import OutsideNames
import Synchronization

/// The client ids of other gateways on the broker, as far as they have been heard of. Any thread may call it.
///
/// Bounded: whoever may publish where gateways meet can make up as many as it likes. The one that was heard of longest
/// ago is forgotten first.
final class SeenGateways: Sendable {
    static let most = 1024

    private struct State {
        var ids: Set<ClientID> = []
        var order = CircularBuffer<ClientID>()
    }

    private let state = Mutex(State())

    /// - Returns: whether it is news.
    @discardableResult
    func insert(_ gateway: ClientID) -> Bool {
        state.withLock { state in
            guard state.ids.insert(gateway).inserted else { return false }
            state.order.append(gateway)
            if state.order.count > Self.most, let oldest = state.order.popFirst() { state.ids.remove(oldest) }
            return true
        }
    }

    /// Whether this is the client id of one of them, or of one of its further connections: `gw`, `gw-2`, `gw-3`.
    func contains(_ clientID: ClientID) -> Bool {
        state.withLock { state in
            if state.ids.contains(clientID) { return true }
            let digits = clientID.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let rest = clientID.utf8.dropLast(digits.count)
            guard !digits.isEmpty, rest.last == UInt8(ascii: "-"), let first = String(rest.dropLast(1)) else {
                return false
            }
            return state.ids.contains(ClientID(first))
        }
    }
}
