import BrokerLink
import ClientEndpoints
import Logging
import NIOCore
import NIOPosix
import OCPPJ
import OutsideNames
import Synchronization

/// The central system on a broker: takes what comes up, publishes answers and commands.
package final class CentralSystemService: BrokerLinkObserver, BrokerSubscriber {
    /// What a run is made of.
    package struct Plan: Sendable {
        package var broker: BrokerAddress
        package var password: String?
        package var topics: RelayTopicTree
        /// In seconds.
        package var heartbeatInterval: Int
        /// To each charge point, on average.
        package var commandsPerMinute: Double
        package var seed: UInt64

        package init(
            broker: BrokerAddress, password: String? = nil, topics: RelayTopicTree = RelayTopicTree(),
            heartbeatInterval: Int = 60, commandsPerMinute: Double = 2, seed: UInt64 = 1
        ) {
            self.broker = broker
            self.password = password
            self.topics = topics
            self.heartbeatInterval = heartbeatInterval
            self.commandsPerMinute = commandsPerMinute
            self.seed = seed
        }
    }

    /// What is told apart from the counts.
    package enum Event: Sendable, Equatable {
        case brokerLink(isUp: Bool)
        /// Everything that comes up is heard from now on.
        case subscribed
        case refusedSubscription(reasonCode: UInt8)

        package var text: String {
            switch self {
            case .brokerLink(let isUp): isUp ? "connected to the broker" : "no connection to the broker"
            case .subscribed: "subscribed, waiting for charge points"
            case .refusedSubscription(let code): "the broker refuses the subscription (MQTT reason code \(code))"
            }
        }
    }

    private struct State {
        var centralSystem: CentralSystem
        var link: BrokerLink?
        var commandTimer: RepeatedTask?
        var acknowledgedFilters = 0
    }

    /// Ends with `stop`.
    package let events: AsyncStream<Event>

    private let plan: Plan
    package let eventLoop: any EventLoop
    private let state: Mutex<State>
    private let eventsContinuation: AsyncStream<Event>.Continuation

    package init(_ plan: Plan, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) {
        self.plan = plan
        eventLoop = group.next()
        // Nobody restarts a demonstration a million times a second: this never repeats.
        let run = "cs" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        let settings = CentralSystem.Settings(
            heartbeatInterval: plan.heartbeatInterval, commandsPerMinute: plan.commandsPerMinute, seed: plan.seed)
        state = Mutex(State(centralSystem: CentralSystem(settings: settings, clock: WallClock(), run: run)))
        (events, eventsContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    package var snapshot: CentralSystemSnapshot {
        state.withLock { $0.centralSystem.snapshot }
    }

    package func start(logger: Logger) {
        var configuration = BrokerLinkConfiguration(
            addresses: [
                BrokerLinkConfiguration.Address(
                    host: plan.broker.host, port: plan.broker.port, usesTLS: plan.broker.usesTLS)
            ],
            clientID: "charge-point-simulator-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))")
        configuration.username = plan.broker.username.map { UserName($0) }
        configuration.password = plan.password
        configuration.sessionExpiry = .zero
        let link = BrokerLink(configuration: configuration, observer: self, logger: logger)
        let timer = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .milliseconds(200)) { _ in
            self.sendCommands()
        }
        state.withLock {
            $0.link = link
            $0.commandTimer = timer
        }
        link.start()
        for filter in plan.topics.upstreamFilters {
            link.connections.first?.subscribe(topic: Topic(filter), subscriber: self)
        }
    }

    /// Publishes what is pending, then disconnects.
    package func stop() async {
        let link = state.withLock { state in
            state.commandTimer?.cancel()
            defer { state.link = nil }
            return state.link
        }
        _ = await link?.stop(deadline: .now() + .seconds(3))
        eventsContinuation.finish()
    }

    // MARK: From the broker

    package func brokerLinkChanged(connection: Int, isUp: Bool) {
        eventsContinuation.yield(.brokerLink(isUp: isUp))
    }

    package func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection) {
        // A retained CALL is from another time; nobody waits for its answer.
        guard !message.isRetained, let identity = plan.topics.identity(inUpstream: message.topic.text) else {
            return state.withLock { $0.centralSystem.countBadMessage() }
        }
        let answer = state.withLock {
            $0.centralSystem.received(
                message.payload, from: identity, version: OCPPVersion(property: message.version), at: .now())
        }
        if let answer {
            publish(CentralSystem.Downstream(identity: identity, message: answer), on: connection)
        }
    }

    package func brokerDelivered(_ message: BrokerMessage) {
        // Our subscriptions are wildcards, which are not routed to a subscriber.
        state.withLock { $0.centralSystem.countBadMessage() }
    }

    package func brokerSubscribed() {
        let isComplete = state.withLock { state in
            state.acknowledgedFilters += 1
            return state.acknowledgedFilters == plan.topics.upstreamFilters.count
        }
        if isComplete { eventsContinuation.yield(.subscribed) }
    }

    package func brokerRefusedSubscription(reasonCode: UInt8) {
        eventsContinuation.yield(.refusedSubscription(reasonCode: reasonCode))
    }

    package func brokerDidNotTake(_ failure: PublishFailure) {
        state.withLock { $0.centralSystem.countNotPublished() }
    }

    // MARK: To the broker

    private func sendCommands() {
        let (commands, link) = state.withLock { ($0.centralSystem.commands(at: .now()), $0.link) }
        guard let connection = link?.connections.first else { return }
        for command in commands {
            publish(command, on: connection)
        }
    }

    private func publish(_ downstream: CentralSystem.Downstream, on connection: BrokerConnection) {
        let publish = BrokerPublish(
            topic: Topic(plan.topics.downstream(downstream.identity)), payload: downstream.message.relay(),
            // The one that asks has given up by then.
            deadline: .now() + .seconds(30),
            origin: BrokerPublish.Origin(subscriber: self, token: downstream.message.id))
        if connection.publish(publish) != .accepted {
            state.withLock { $0.centralSystem.countNotPublished() }
        }
    }
}
