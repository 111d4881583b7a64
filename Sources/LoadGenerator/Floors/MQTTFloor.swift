import CMosquitto
import Glibc
import NIOCore
import NIOPosix

/// The same round trip with libmosquitto alone: what the MQTT side of a gateway costs at the least.
///
/// One thread, an epoll over the MQTT socket, one publish for each answer; only the CPU time of that thread counts.
package struct MQTTFloor: Sendable {
    package struct Plan: Sendable {
        package var responder: Responder.Plan
        package var prefix = "LOAD"
        package var chargePoints = 64
        package var open = 64
        package var action = "MeterValues"
        package var payload = MeterValuesPayload.json(bytes: 300)
        package var warmUp = Duration.seconds(1)
        package var duration = Duration.seconds(5)
        /// Ends what is measured after so many, with `duration` as its ceiling; nil: time alone does.
        var enoughRoundTrips: Int?
        package var broker: pid_t?

        package init(responder: Responder.Plan) {
            self.responder = responder
        }
    }

    package enum Failure: Error, CustomStringConvertible {
        case mosquitto(Int32)
        case noSubscription

        package var description: String {
            switch self {
            case .mosquitto(let code): "libmosquitto: \(String(cString: mosquitto_strerror(code)))"
            case .noSubscription: "the broker did not acknowledge the subscriptions within thirty seconds"
            }
        }
    }

    private let plan: Plan

    package init(_ plan: Plan) {
        self.plan = plan
    }

    package func run() async throws -> LoadReport {
        let answering = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let plan = plan
        let result = await Task {
            let responder = try await Responder.start(plan.responder, on: answering.next())
            let pool = NIOThreadPool(numberOfThreads: 1)
            pool.start()
            let result = await Task {
                // Its connecting and warming up is in here, too: too little to matter.
                let cpu = try await responder.cpu()
                let start = NIODeadline.now()
                var report = try await pool.runIfActive { try MQTTRequester(plan).run() }
                let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
                report.generator?.responderPercent = Double(try await responder.cpu() - cpu) / seconds / 1e7
                return report
            }.result
            await responder.stop()
            try await pool.shutdownGracefully()
            return try result.get()
        }.result
        try await answering.shutdownGracefully()
        return try result.get()
    }
}

/// A libmosquitto client that publishes CALLs and waits for their answers, on the calling thread.
private final class MQTTRequester {
    private let plan: MQTTFloor.Plan
    private let client: OpaquePointer
    private let topics: [String]
    private let answerTopics: [String]
    private var payload: [UInt8]
    private let uniqueIDOffset: Int

    private var isConnected = false
    private var subscriptionsLeft = 0
    private var starts: [(sequence: UInt64, start: NIODeadline)]
    private var answered: [Int] = []
    private var sequence: UInt64 = 0
    private var roundTrips = 0
    private var unmatched = 0
    private var latency = LatencyHistogram()

    init(_ plan: MQTTFloor.Plan) throws {
        mosquitto_lib_init()
        self.plan = plan
        guard let client = mosquitto_new(nil, true, nil) else {
            throw MQTTFloor.Failure.mosquitto(MOSQ_ERR_NOMEM.rawValue)
        }
        self.client = client
        let identities = (0..<plan.chargePoints).map { index in
            let digits = String(index + 1)
            return plan.prefix + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        topics = identities.map { identity in
            String(plan.responder.topicUp.map { $0 == "+" ? identity : String($0) }.joined())
        }
        answerTopics = identities.map { identity in
            guard let range = plan.responder.topicDown.firstRange(of: "${cid}") else { return identity }
            return plan.responder.topicDown.replacingCharacters(in: range, with: identity)
        }
        let head = #"{"MessageTypeId":2,"UniqueId":""#
        uniqueIDOffset = head.utf8.count
        let blank = String(repeating: "0", count: LoadUniqueID.length)
        payload = Array(#"\#(head)\#(blank)","Action":"\#(plan.action)","Payload":\#(plan.payload)}"#.utf8)
        starts = Array(repeating: (.max, .uptimeNanoseconds(0)), count: LoadUniqueID.slots)
    }

    deinit {
        mosquitto_destroy(client)
    }

    func run() throws -> LoadReport {
        try connect()
        var report = LoadReport(
            mode: "floor-mqtt", chargePoints: plan.chargePoints, openCalls: plan.open,
            payloadBytes: plan.payload.utf8.count)
        var index = 0
        for slot in 0..<min(plan.open, LoadUniqueID.slots) {
            try send(slot: slot, to: index)
            index = (index + 1) % topics.count
        }
        try loop(for: plan.warmUp, next: &index)
        roundTrips = 0
        latency = LatencyHistogram()
        let brokerBefore = plan.broker.flatMap { ProcessUsage.read($0) }
        let ownBefore = ProcessUsage.read(getpid())
        let ticks = ProcessUsage.Ticks(of: "/proc/thread-self/stat")
        let cpu = ProcessUsage.cpuOfThisThread()
        let start = NIODeadline.now()
        try loop(for: plan.duration, upTo: plan.enoughRoundTrips ?? .max, next: &index)
        let spent = Double(ProcessUsage.cpuOfThisThread() - cpu)
        let ownAfter = ProcessUsage.read(getpid())
        let brokerAfter = plan.broker.flatMap { ProcessUsage.read($0) }
        report.seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        report.roundTrips = roundTrips
        report.roundTripsPerSecond = Double(roundTrips) / report.seconds
        report.unmatched = unmatched
        report.latency = LoadReport.Latency(latency)
        // The requester stands where the gateway would.
        report.gateway = LoadReport.Process(
            cpuPercent: spent / report.seconds / 1e7,
            cpuMicrosecondsPerRoundTrip: roundTrips > 0 ? spent / Double(roundTrips) / 1e3 : nil,
            systemShare: ProcessUsage.Ticks(of: "/proc/thread-self/stat").systemShare(since: ticks), residentBefore: 0,
            residentWithSessions: 0, perSession: nil, proportionalWithSessions: 0)
        if let ownBefore, let ownAfter {
            report.generator = LoadReport.Generator(
                cpuPercent: Double(ownAfter.cpu - ownBefore.cpu) / report.seconds / 1e7,
                chargePointsPercent: spent / report.seconds / 1e7)
        }
        if let brokerBefore, let brokerAfter {
            report.broker = LoadReport.Process(
                from: brokerBefore, to: brokerAfter, seconds: report.seconds, before: brokerBefore,
                roundTrips: roundTrips, sessions: 0)
        }
        return report
    }

    // MARK: Connection

    private func connect() throws {
        mosquitto_user_data_set(client, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, 5)
        mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, 64)
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
        if let username = plan.responder.username {
            try check(mosquitto_username_pw_set(client, username, plan.responder.password))
        }
        mosquitto_connect_callback_set(client) { _, user, code in
            guard code == 0 else { return }
            MQTTRequester.from(user)?.isConnected = true
        }
        mosquitto_subscribe_callback_set(client) { _, user, _, _, _ in
            MQTTRequester.from(user)?.subscriptionsLeft -= 1
        }
        mosquitto_message_callback_set(client) { _, user, message in
            guard let message = message?.pointee, let payload = message.payload else { return }
            MQTTRequester.from(user)?.received(UnsafeRawBufferPointer(start: payload, count: Int(message.payloadlen)))
        }
        try check(mosquitto_connect(client, plan.responder.host, Int32(plan.responder.port), 60))
        let deadline = NIODeadline.now() + .seconds(30)
        while !isConnected, .now() < deadline { try turn(milliseconds: 100) }
        for topic in answerTopics {
            subscriptionsLeft += 1
            try check(mosquitto_subscribe(client, nil, topic, Int32(plan.responder.qualityOfService)))
        }
        while subscriptionsLeft > 0, .now() < deadline { try turn(milliseconds: 100) }
        guard isConnected, subscriptionsLeft == 0 else { throw MQTTFloor.Failure.noSubscription }
    }

    private static func from(_ user: UnsafeMutableRawPointer?) -> MQTTRequester? {
        user.map { Unmanaged<MQTTRequester>.fromOpaque($0).takeUnretainedValue() }
    }

    private func check(_ code: Int32) throws {
        guard code == MOSQ_ERR_SUCCESS.rawValue else { throw MQTTFloor.Failure.mosquitto(code) }
    }

    // MARK: Round trips

    private func loop(for duration: Duration, upTo enough: Int = .max, next index: inout Int) throws {
        let end = NIODeadline.now() + TimeAmount(duration)
        while .now() < end, roundTrips < enough {
            try turn(milliseconds: 100)
            // In the call-back a publish would only be queued.
            for slot in answered {
                try send(slot: slot, to: index)
                index = index + 1 == topics.count ? 0 : index + 1
            }
            answered.removeAll(keepingCapacity: true)
        }
    }

    private func turn(milliseconds: Int32) throws {
        var descriptor = pollfd(
            fd: mosquitto_socket(client),
            events: Int16(POLLIN) | (mosquitto_want_write(client) ? Int16(POLLOUT) : 0), revents: 0)
        guard poll(&descriptor, 1, milliseconds) > 0 else { return try check(mosquitto_loop_misc(client)) }
        if descriptor.revents & Int16(POLLOUT) != 0 { try check(mosquitto_loop_write(client, 1)) }
        if descriptor.revents & Int16(POLLIN) != 0 {
            repeat { try check(mosquitto_loop_read(client, 1)) } while cmosquitto_readable_bytes(descriptor.fd) > 0
        }
    }

    private func send(slot: Int, to index: Int) throws {
        sequence += 1
        LoadUniqueID.digits(slot: slot, sequence: sequence) { payload[uniqueIDOffset + $0] = $1 }
        starts[slot] = (sequence, .now())
        try check(
            mosquitto_publish(
                client, nil, topics[index], Int32(payload.count), payload, Int32(plan.responder.qualityOfService),
                false))
    }

    private func received(_ answer: UnsafeRawBufferPointer) {
        // The responder writes the UniqueId where we do.
        let text = UnsafeRawBufferPointer(rebasing: answer.dropFirst(uniqueIDOffset).prefix(LoadUniqueID.length))
        guard let (slot, sequence) = LoadUniqueID.read(text), starts[slot].sequence == sequence else {
            unmatched += 1
            return
        }
        latency.record(.now() - starts[slot].start)
        starts[slot].sequence = .max
        roundTrips += 1
        answered.append(slot)
    }
}
