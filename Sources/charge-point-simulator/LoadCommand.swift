import ArgumentParser
import ChargePointSimulator
import Foundation

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put load on a gateway and measure it.",
        discussion: """
            Every charge point sends MeterValues; with --broker the CALLs are answered there by this program, too, so \
            that a round trip is: CALL up, over the gateway and the broker, CALLRESULT down the same way. With \
            --gateway-pid and --broker-pid the CPU time and memory of these processes are part of the figures.

            Only against servers of your own: this is as much load as one core makes.
            """,
        subcommands: [
            Closed.self, Paced.self, Idle.self, Storm.self, FloorMQTT.self, FloorEcho.self, EchoServerCommand.self,
        ]
    )

    struct Closed: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A number of CALLs is open all the time: an answer brings the next CALL.")

        @OptionGroup var charging: ChargePointOptions
        @OptionGroup var answering: AnswerOptions
        @OptionGroup var measuring: MeasureOptions

        @Option(help: "CALLs open at a time in all; by default as many as the charge points may have open.")
        var open: Int?

        func run() async throws {
            let most = charging.count * charging.openPerChargePoint
            guard (1...most).contains(open ?? most) else { throw ValidationError("--open is 1 to \(most)") }
            try await load(.closed(open: open ?? most), charging, answering, measuring)
        }
    }

    struct Paced: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A number of CALLs a second, whatever the answers do; waiting for a turn counts as latency.")

        @OptionGroup var charging: ChargePointOptions
        @OptionGroup var answering: AnswerOptions
        @OptionGroup var measuring: MeasureOptions

        @Option(help: "CALLs a second over all charge points.")
        var rate = 1000.0

        func run() async throws {
            guard (0.001...1_000_000).contains(rate) else { throw ValidationError("--rate is 0.001 to 1000000") }
            try await load(.paced(rate: rate), charging, answering, measuring)
        }
    }

    struct Idle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Charge points that connect, send one CALL, and then nothing.")

        @OptionGroup var charging: ChargePointOptions
        @OptionGroup var answering: AnswerOptions
        @OptionGroup var measuring: MeasureOptions

        @Option(help: "How often they all come and go.")
        var rounds = 1

        func run() async throws {
            try await load(.idle, charging, answering, measuring, rounds: rounds)
        }
    }

    struct Storm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect all charge points as fast as possible, and count who is refused.")

        @OptionGroup var charging: ChargePointOptions
        @OptionGroup var answering: AnswerOptions
        @OptionGroup var measuring: MeasureOptions

        @Option(help: "How often they all come and go.")
        var rounds = 1

        func run() async throws {
            try await load(.storm, charging, answering, measuring, rounds: rounds)
        }
    }

    struct FloorMQTT: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "floor-mqtt",
            abstract: "The same round trips by libmosquitto alone, without charge points and gateway.")

        @OptionGroup var answering: AnswerOptions
        @OptionGroup var measuring: MeasureOptions

        @Option(help: "Charge points, which here are only topics.")
        var count = 64

        @Option(help: "CALLs open at a time, up to 64.")
        var open = 64

        @Option(help: "Bytes of a CALL's payload.")
        var payloadBytes = 300

        func run() async throws {
            guard (1...64).contains(open) else { throw ValidationError("--open is 1 to 64") }
            guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
            guard let responder = try answering.responder() else { throw ValidationError("--broker is missing") }
            var plan = MQTTFloor.Plan(responder: responder)
            plan.chargePoints = count
            plan.open = open
            plan.payloadBytes = payloadBytes
            plan.warmUp = .seconds(measuring.warmUp)
            plan.duration = .seconds(measuring.duration)
            plan.broker = measuring.brokerPid
            try measuring.write(try await MQTTFloor(plan).run())
        }
    }

    struct FloorEcho: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "floor-echo",
            abstract: "The same load on a bare WebSocket echo, without gateway and broker.")

        @OptionGroup var measuring: MeasureOptions

        @Option(help: "Charge points.")
        var count = 64

        @Option(help: "CALLs open at a time in all.")
        var open = 64

        @Option(help: "Bytes of a CALL's payload.")
        var payloadBytes = 300

        func run() async throws {
            guard (1...60_000).contains(count) else { throw ValidationError("--count is 1 to 60000") }
            guard (1...count).contains(open) else { throw ValidationError("--open is 1 to \(count)") }
            let floor = EchoFloor(
                count: count, open: open, payloadBytes: payloadBytes, warmUp: .seconds(measuring.warmUp),
                duration: .seconds(measuring.duration))
            let report = try await floor.run(command: ["load", "echo-server"], progress: measuring.progress())
            try measuring.write(report)
        }
    }

    struct EchoServerCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "echo-server", abstract: "The WebSocket echo of floor-echo; prints its port.",
            shouldDisplay: false)

        func run() async throws {
            try await EchoServer.run { port in
                FileHandle.standardOutput.write(Data("\(port)\n".utf8))
            }
        }
    }
}

/// Where charge points connect, and what they are.
struct ChargePointOptions: ParsableArguments {
    @Option(help: "Where they connect, such as ws://127.0.0.1:33033/ocpp; the identity is appended.")
    var url: String

    @Option(help: "Charge points.")
    var count = 64

    @Option(help: "What identities begin with: LOAD gives LOAD00001 and on.")
    var prefix = "LOAD"

    @Option(help: "The WebSocket subprotocol to ask for.")
    var subprotocol = "ocpp1.6"

    @Option(help: "CALLs that one charge point may have open, 1 to 64.")
    var openPerChargePoint = 1

    @Option(help: "Bytes of a CALL's payload; at least about a hundred.")
    var payloadBytes = 300

    @Option(help: "Loopback source addresses to use, 127.0.0.1 and on; 0: the kernel's choice.")
    var sources = 0

    @Option(help: "Handshakes under way at a time.")
    var concurrency = 128

    @Option(help: "Threads for the charge points.")
    var threads = 1

    mutating func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
        guard (1...64).contains(openPerChargePoint) else { throw ValidationError("--open-per-charge-point is 1 to 64") }
        guard (0...16_000_000).contains(payloadBytes) else { throw ValidationError("--payload-bytes is too large") }
        guard (0...60_000).contains(sources) else { throw ValidationError("--sources is 0 to 60000") }
        guard (1...100_000).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 100000") }
        guard (1...64).contains(threads) else { throw ValidationError("--threads is 1 to 64") }
    }

    func target() throws -> LoadTarget {
        var target = try LoadTarget(
            endpoint: CentralSystemEndpoint(
                url: url, password: ProcessInfo.processInfo.environment["CHARGE_POINT_PASSWORD"]))
        target.prefix = prefix
        target.subprotocol = subprotocol
        target.openPerChargePoint = openPerChargePoint
        target.payloadBytes = payloadBytes
        target.sources = sources
        target.concurrency = max(1, concurrency / threads)
        return target
    }
}

/// Who answers.
struct AnswerOptions: ParsableArguments {
    @Option(help: "Answer CALLs on this broker: mqtt://user@host:port, its password from MQTT_PASSWORD.")
    var broker: String?

    @Option(help: "Where CALLs arrive, '+' for the charge point.")
    var topicsUp = "ocpp/cp/+"

    @Option(help: "Where answers go, '${cid}' for the charge point.")
    var topicDown = "ocpp/cs/${cid}"

    @Option(help: "QoS of the answers, and of their subscription: 0 or 1.")
    var qos: UInt8 = 0

    mutating func validate() throws {
        guard qos <= 1 else { throw ValidationError("--qos is 0 or 1") }
        if let broker {
            guard try !BrokerAddress(url: broker).address.usesTLS else {
                throw ValidationError("the load's own central system speaks mqtt:// only")
            }
        }
    }

    func responder() throws -> Responder.Plan? {
        guard let broker else { return nil }
        let address = try BrokerAddress(url: broker)
        var plan = Responder.Plan(host: address.address.host, port: address.address.port)
        plan.username = address.username
        plan.password = ProcessInfo.processInfo.environment["MQTT_PASSWORD"]
        plan.topicUp = topicsUp
        plan.topicDown = topicDown
        plan.qualityOfService = qos
        return plan
    }
}

/// What is measured, and how it is told.
struct MeasureOptions: ParsableArguments {
    @Option(help: "Seconds that count.")
    var duration = 10.0

    @Option(help: "Seconds of the same before, which do not count.")
    var warmUp = 2.0

    @Option(help: "Seconds of rest before memory is read.")
    var settle = 1.0

    @Option(help: "Process id of the gateway.")
    var gatewayPid: Int32?

    @Option(help: "Process id of the broker.")
    var brokerPid: Int32?

    @Flag(help: "Write the figures as JSON.")
    var json = false

    @Flag(help: "No progress line.")
    var quiet = false

    mutating func validate() throws {
        guard (0...86_400).contains(duration), (0...86_400).contains(warmUp), (0...3600).contains(settle) else {
            throw ValidationError("--duration and --warm-up are up to a day, --settle up to an hour")
        }
    }

    /// On standard error: standard output is for the figures.
    func progress() -> @Sendable (String) -> Void {
        let isShown = !quiet && isatty(STDERR_FILENO) == 1
        return { line in
            if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
        }
    }

    func write(_ report: LoadReport) throws {
        if !quiet && isatty(STDERR_FILENO) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            FileHandle.standardOutput.write(try encoder.encode(report) + Data("\n".utf8))
        } else {
            FileHandle.standardOutput.write(Data((report.lines.joined(separator: "\n") + "\n").utf8))
        }
    }
}

private func load(
    _ mode: LoadRun.Mode, _ charging: ChargePointOptions, _ answering: AnswerOptions, _ measuring: MeasureOptions,
    rounds: Int = 1
) async throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000") }
    if let limit = FileDescriptorLimit.raise(), limit < charging.count + 64 {
        throw ValidationError(
            "\(charging.count) charge points need more open files than this process may have (\(limit))")
    }
    var plan = LoadRun.Plan(mode: mode, target: try charging.target(), count: charging.count)
    plan.threads = min(charging.threads, charging.count)
    plan.warmUp = .seconds(measuring.warmUp)
    plan.duration = .seconds(measuring.duration)
    plan.settle = .seconds(measuring.settle)
    plan.rounds = rounds
    plan.responder = try answering.responder()
    plan.gateway = measuring.gatewayPid
    plan.broker = measuring.brokerPid
    try measuring.write(try await LoadRun(plan).run(progress: measuring.progress()))
}
