import ArgumentParser
import BuildVersion
import Foundation
import LoadGenerator

@main
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ocpp-load",
        abstract: "Put load on a gateway and measure it.",
        discussion: """
            Every charge point sends CALLs; with --broker they are answered there by this program, too, so that a \
            round trip is: CALL up, over the gateway and the broker, CALLRESULT down the same way. With --gateway-pid \
            and --broker-pid the CPU time and memory of these processes are part of the figures.

            Only against servers of your own: this is as much load as one core makes.
            """,
        version: BuildVersion.current.text,
        subcommands: [
            Closed.self, Paced.self, Idle.self, Storm.self, FloorMQTT.self, FloorEcho.self, EchoServerCommand.self,
            RelayServerCommand.self,
        ]
    )

    struct Closed: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A number of CALLs is open all the time: an answer brings the next CALL.")

        @Option(help: "CALLs open at a time in all; by default as many as the charge points may have open.")
        var open: Int?

        @OptionGroup(title: "Charge points") var chargePoints: ChargePointOptions
        @OptionGroup(title: "Traffic") var traffic: TrafficOptions
        @OptionGroup(title: "Calls") var calls: CallOptions
        @OptionGroup(title: "Answers") var answers: AnswerOptions
        @OptionGroup(title: "Time") var window: WindowOptions
        @OptionGroup(title: "Figures") var figures: FigureOptions

        func run() async throws {
            let most = (traffic.active ?? chargePoints.count) * traffic.openPerChargePoint
            guard (1...most).contains(open ?? most) else { throw ValidationError("--open is 1 to \(most)") }
            var plan = try chargePoints.plan(.closed(open: open ?? most))
            try traffic.apply(to: &plan)
            try calls.apply(to: &plan.target)
            plan.responder = try answers.responder()
            window.apply(to: &plan)
            try await figures.measure(plan)
        }
    }

    struct Paced: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A number of CALLs a second, whatever the answers do; waiting for a turn counts as latency.")

        @Option(help: "CALLs a second over all charge points.")
        var rate = 1000.0

        @OptionGroup(title: "Charge points") var chargePoints: ChargePointOptions
        @OptionGroup(title: "Traffic") var traffic: TrafficOptions
        @OptionGroup(title: "Calls") var calls: CallOptions
        @OptionGroup(title: "Answers") var answers: AnswerOptions
        @OptionGroup(title: "Time") var window: WindowOptions
        @OptionGroup(title: "Figures") var figures: FigureOptions

        func run() async throws {
            guard (0.001...1_000_000).contains(rate) else { throw ValidationError("--rate is 0.001 to 1000000") }
            var plan = try chargePoints.plan(.paced(rate: rate))
            try traffic.apply(to: &plan)
            try calls.apply(to: &plan.target)
            plan.responder = try answers.responder()
            window.apply(to: &plan)
            try await figures.measure(plan)
        }
    }

    struct Idle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Charge points that connect, send one CALL, and then nothing.")

        @Option(help: "Seconds of silence that count, the last time.")
        var duration = 10.0

        @OptionGroup(title: "Charge points") var chargePoints: ChargePointOptions
        @OptionGroup(title: "Rounds") var rounds: RoundOptions
        @OptionGroup(title: "Calls") var calls: CallOptions
        @OptionGroup(title: "Answers") var answers: AnswerOptions
        @OptionGroup(title: "Figures") var figures: FigureOptions

        func run() async throws {
            guard (0...86_400).contains(duration) else { throw ValidationError("--duration is up to a day") }
            var plan = try chargePoints.plan(.idle)
            plan.rounds = rounds.rounds
            try calls.apply(to: &plan.target)
            plan.responder = try answers.responder()
            plan.duration = .seconds(duration)
            try await figures.measure(plan)
        }
    }

    struct Storm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect all charge points as fast as possible, and count who is refused.")

        @OptionGroup(title: "Charge points") var chargePoints: ChargePointOptions
        @OptionGroup(title: "Rounds") var rounds: RoundOptions
        @OptionGroup(title: "Figures") var figures: FigureOptions

        func run() async throws {
            var plan = try chargePoints.plan(.storm)
            plan.rounds = rounds.rounds
            try await figures.measure(plan)
        }
    }

    struct FloorMQTT: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "floor-mqtt",
            abstract: "The same round trips by libmosquitto alone, without charge points and gateway.")

        @Option(help: "Charge points, which here are only topics.")
        var count = 64

        @Option(help: "CALLs open at a time, up to 64.")
        var open = 64

        @Option(help: "Process id of the broker.")
        var brokerPid: Int32?

        @OptionGroup(title: "Calls") var calls: CallOptions
        @OptionGroup(title: "Answers") var answers: AnswerOptions
        @OptionGroup(title: "Time") var window: WindowOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run() async throws {
            guard (1...64).contains(open) else { throw ValidationError("--open is 1 to 64") }
            guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
            guard let responder = try answers.responder() else { throw ValidationError("--broker is missing") }
            var plan = MQTTFloor.Plan(responder: responder)
            plan.chargePoints = count
            plan.open = open
            plan.action = calls.action
            plan.payload = try calls.payload()
            plan.warmUp = .seconds(window.warmUp)
            plan.duration = .seconds(window.duration)
            plan.broker = brokerPid
            try output.write(try await MQTTFloor(plan).run())
        }
    }

    struct FloorEcho: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "floor-echo",
            abstract: "The same load on a bare WebSocket echo, without gateway and broker.")

        @Option(help: "Charge points.")
        var count = 64

        @Option(help: "CALLs open at a time in all.")
        var open = 64

        @OptionGroup(title: "Calls") var calls: CallOptions
        @OptionGroup(title: "Time") var window: WindowOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run() async throws {
            guard (1...60_000).contains(count) else { throw ValidationError("--count is 1 to 60000") }
            guard (1...count).contains(open) else { throw ValidationError("--open is 1 to \(count)") }
            let report = try await EchoFloor.run(
                count: count, open: open, command: ["echo-server"], progress: output.progress()
            ) { plan in
                try calls.apply(to: &plan.target)
                window.apply(to: &plan)
            }
            try output.write(report)
        }
    }

    struct EchoServerCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "echo-server",
            abstract: "The WebSocket echo of floor-echo by itself, at the path \(EchoServer.path); prints its port.")

        @Option(help: "A certificate (PEM), to speak wss.")
        var certificate: String?

        @Option(help: "The certificate's key (PEM).")
        var key: String?

        mutating func validate() throws {
            guard (certificate == nil) == (key == nil) else { throw ValidationError("--certificate goes with --key") }
        }

        func run() async throws {
            var files: (String, String)?
            if let certificate, let key { files = (certificate, key) }
            try await EchoServer.run(certificate: files) { port in
                FileHandle.standardOutput.write(Data("\(port)\n".utf8))
            }
        }
    }

    struct RelayServerCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "relay-server",
            abstract:
                "A relay without a rule, at the path \(RelayServer.path), to measure a gateway beside; prints its port."
        )

        @OptionGroup(title: "Broker") var broker: AnswerOptions

        func run() async throws {
            guard let responder = try broker.responder() else { throw ValidationError("--broker is missing") }
            try await RelayServer.run(responder) { port in
                FileHandle.standardOutput.write(Data("\(port)\n".utf8))
            }
        }
    }
}
