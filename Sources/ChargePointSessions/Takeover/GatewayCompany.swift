import NIOCore
import OutsideNames

/// Whether there are other gateways on the broker at all: one that is alone does not wait for others.
///
/// A gateway hears only of the charge points that it holds itself. So it says hello when its link comes up, on a topic
/// that all gateways hear, and each of them answers to it alone. Both sides then know of the other, for good.
struct GatewayCompany {
    /// For the answers, once the broker has delivered the hello to everyone.
    static let patience = TimeAmount.seconds(2)

    private enum State {
        /// Nobody is known, and nobody has been asked, or the hellos with these names are on their way.
        case unknown(hellos: Set<String>)
        case aloneFrom(NIODeadline)
        case inCompany
    }

    private var state = State.unknown(hellos: [])

    /// A new link: others may have come while there was none.
    mutating func saidHello(_ names: Set<String>) {
        if case .inCompany = state { return }
        state = .unknown(hellos: names)
    }

    mutating func helloReturned(_ name: String, now: NIODeadline) {
        guard case .unknown(var hellos) = state, hellos.remove(name) != nil else { return }
        state = hellos.isEmpty ? .aloneFrom(now + Self.patience) : .unknown(hellos: hellos)
    }

    /// Something of another gateway has been heard.
    mutating func met() {
        state = .inCompany
    }

    var isInCompany: Bool {
        if case .inCompany = state { true } else { false }
    }

    func isAlone(now: NIODeadline) -> Bool {
        if case .aloneFrom(let time) = state { time <= now } else { false }
    }
}
