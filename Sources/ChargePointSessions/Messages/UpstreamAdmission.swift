/// Whether a message for the broker was taken.
package enum UpstreamAdmission: Sendable, Equatable {
    case accepted
    /// Longer than the broker takes.
    case tooLarge
    /// As much waits already as may wait.
    case full
    /// The gateway stops.
    case closed

    /// For the log and for who has sent it.
    var text: String {
        switch self {
        case .accepted: "accepted"
        case .tooLarge: "the message is too large for the broker"
        case .full: "too much waits for the broker already: the queue is full"
        case .closed: "the link to the broker is closed"
        }
    }
}
