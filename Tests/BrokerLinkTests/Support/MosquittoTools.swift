import Foundation
import TestSupport

/// A session of `mosquitto_sub` that the broker keeps: it is subscribed now, and its messages are fetched later, so
/// that no test has to guess when a subscriber is ready.
struct KeptSubscription {
    let broker: TestBroker
    let topic: String
    private let clientID = "kept-\(UUID().uuidString)"

    init(broker: TestBroker, topic: String) async throws {
        self.broker = broker
        self.topic = topic
        _ = try await run("mosquitto_sub", arguments + ["-E"])
    }

    private var arguments: [String] {
        [
            "-h", "127.0.0.1", "-p", "\(broker.port)", "-V", "5", "-c", "-x", "3600", "-i", clientID, "-q", "2",
            "-t", topic,
        ]
    }

    /// The messages so far, a line each, in a format of `mosquitto_sub`; waits for `count` of them.
    func messages(_ count: Int, format: String) async throws -> [String] {
        try await run("mosquitto_sub", arguments + ["-C", "\(count)", "-W", "30", "-F", format])
            .split(separator: "\n").map(String.init)
    }
}
