import BrokerLink
import Logging
import NIOCore
import NIOPosix
import OutsideNames
import Synchronization
import TestSupport

/// Remembers what a subscriber is told, in order.
final class RecordingSubscriber: BrokerSubscriber {
    enum Event: Equatable {
        case subscribed
        case refused(UInt8)
        case message(String)
        case notTaken(token: String, reason: String)
        case changed(isUp: Bool)
        case ended(BrokerConnectionEnd)
    }

    private struct Record {
        var events: [Event] = []
        var messages: [BrokerMessage] = []
        var wasOffEventLoop = false
    }

    let eventLoop: any EventLoop
    private let hasCompanions: Bool
    private let record = Mutex(Record())

    init(eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(), hasCompanions: Bool = false) {
        self.eventLoop = eventLoop
        self.hasCompanions = hasCompanions
    }

    func companion(of topic: Topic) -> Topic? { hasCompanions ? "c/\(topic)" : nil }

    var events: [Event] { record.withLock { $0.events } }
    var messages: [BrokerMessage] { record.withLock { $0.messages } }
    var payloads: [String] { messages.map { String(buffer: $0.payload) } }
    var isSubscribed: Bool { events.contains(.subscribed) }
    var wasCalledOffEventLoop: Bool { record.withLock { $0.wasOffEventLoop } }

    private func add(_ event: Event, message: BrokerMessage? = nil) {
        let isOffEventLoop = !eventLoop.inEventLoop
        record.withLock { record in
            record.events.append(event)
            record.wasOffEventLoop = record.wasOffEventLoop || isOffEventLoop
            if let message {
                record.messages.append(message)
            }
        }
    }

    func brokerConnectionChanged(isUp: Bool) { add(.changed(isUp: isUp)) }
    func brokerConnectionEnded(_ end: BrokerConnectionEnd) { add(.ended(end)) }
    func brokerSubscribed() { add(.subscribed) }
    func brokerRefusedSubscription(reasonCode: UInt8) { add(.refused(reasonCode)) }
    func brokerDelivered(_ message: BrokerMessage) {
        add(.message(String(buffer: message.payload)), message: message)
    }
    func brokerDidNotTake(_ failure: PublishFailure) {
        add(.notTaken(token: failure.token, reason: failure.reason))
    }
}

final class RecordingObserver: BrokerLinkObserver {
    private struct Record {
        var changes: [Bool] = []
        var unrouted: [BrokerMessage] = []
        var unroutedCalls: [Topic] = []
    }

    private let record = Mutex(Record())

    var changes: [Bool] { record.withLock { $0.changes } }
    var unrouted: [BrokerMessage] { record.withLock { $0.unrouted } }

    var unroutedCalls: [Topic] { record.withLock { $0.unroutedCalls } }

    func brokerFoundNoSubscriber(topic: Topic) { record.withLock { $0.unroutedCalls.append(topic) } }
    func brokerLinkChanged(connection: Int, isUp: Bool) { record.withLock { $0.changes.append(isUp) } }
    func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection) {
        record.withLock { $0.unrouted.append(message) }
    }
}

/// Log lines as one text.
final class LogRecorder: Sendable {
    private let lines = LogLines(level: .debug)

    var text: String { lines.all.joined(separator: "\n") }

    func count(of part: String) -> Int { lines.all.count { $0.contains(part) } }
    func contains(_ part: String) -> Bool { count(of: part) > 0 }

    var logger: Logger { lines.logger }
}
