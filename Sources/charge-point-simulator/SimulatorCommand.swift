import ArgumentParser
import BuildVersion

@main
struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "charge-point-simulator",
        abstract: "Simulated OCPP charge points, and a small central system behind MQTT.",
        discussion: """
            To see the gateway at work, run the central system against the broker, then charge points against the \
            gateway:

              charge-point-simulator central-system --broker mqtt://127.0.0.1:1883
              charge-point-simulator run --url ws://127.0.0.1:33033/ocpp --count 20
            """,
        version: BuildVersion.current.text,
        subcommands: [RunCommand.self, CentralSystemCommand.self]
    )
}
