import ArgumentParser
import ChargePointSimulator
import ClientEndpoints
import Foundation
import Logging

struct CentralSystemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "central-system",
        abstract: "Answer charge points over MQTT, and command them now and then.",
        discussion: """
            Speaks the gateway's relay format with its default topics, to each charge point in its version of OCPP. \
            The broker's password comes from the environment variable MQTT_PASSWORD.
            """
    )

    @Option(help: "The broker: mqtt://user@host:port, or mqtts:// for TLS.")
    var broker = "mqtt://127.0.0.1:1883"

    @Option(help: "What the gateway puts in front of every topic.")
    var mountpoint = "ocpp/"

    @Option(help: "Seconds, for the answer to BootNotification.")
    var heartbeatInterval = 60

    @Option(help: "Commands to each charge point in a minute, on average; 0 sends none.")
    var commandsPerMinute = 2.0

    @Option(help: "Makes the choice of commands repeatable.")
    var seed: UInt64 = 1

    @Option(help: "Seconds to run; without it until interrupted.")
    var duration: Double?

    @Flag(help: "Write the closing summary only.")
    var quiet = false

    mutating func validate() throws {
        guard (1...86_400).contains(heartbeatInterval) else {
            throw ValidationError("--heartbeat-interval is 1 to 86400")
        }
        guard (0...600).contains(commandsPerMinute) else { throw ValidationError("--commands-per-minute is 0 to 600") }
        let isTopic = mountpoint.utf8.allSatisfy { byte in
            byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "#")
        }
        guard isTopic, mountpoint.utf8.count <= 1_000 else {
            throw ValidationError("--mountpoint is part of a topic: no '+', '#' or control characters")
        }
        try validateDuration(duration)
        _ = try address()
    }

    func run() async throws {
        let plan = CentralSystemService.Plan(
            broker: try address(), password: ProcessInfo.processInfo.environment["MQTT_PASSWORD"],
            topics: RelayTopicTree(mountpoint: mountpoint), heartbeatInterval: heartbeatInterval,
            commandsPerMinute: commandsPerMinute, seed: seed)
        var logger = Logger(label: "charge-point-simulator") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let isListening = await CentralSystemRun(plan: plan, duration: duration.map { .seconds($0) }, quiet: quiet)
            .run(logger: logger)
        if !isListening { throw ExitCode.failure }
    }

    private func address() throws -> BrokerAddress {
        do {
            return try BrokerAddress(url: broker)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
