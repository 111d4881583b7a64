import ArgumentParser
import BuildVersion
import Foundation
import Gateway
import Logging
import Settings

/// `ocpp-gateway`: reads the configuration and runs the gateway, or says what the configuration is.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ocpp-gateway",
        abstract: "Relays OCPP-J messages between charge points (WebSocket) and an MQTT broker.",
        discussion: """
            Everything is set by environment variables, or by the same keys in a YAML file named by CONFIG_FILE \
            (the environment wins):

              BROKER_URL=mqtt://user:password@broker.example:1883 \\
              LISTENERS_WS_DEFAULT_BIND=0.0.0.0:33033 ocpp-gateway

            With no setting at all it connects to mqtt://127.0.0.1:1883 and charge points connect to \
            ws://<this machine>:33033/ocpp/<identity>. --help-config lists every setting.

            Exit codes: 0 orderly stop; 64 bad command line; 78 bad configuration (every problem is listed); \
            70 it cannot listen, or an internal failure.
            """,
        version: BuildVersion.current.text,
        subcommands: [UsersCommand.self, CheckAuthenticationCommand.self]
    )

    @Flag(help: "Check the configuration, list every problem, and exit.")
    var checkConfig = false

    @Flag(help: "Print the configuration as it takes effect, valid as a CONFIG_FILE, and exit.")
    var printConfig = false

    @Flag(help: "List every setting with its default, and exit.")
    var helpConfig = false

    func validate() throws {
        guard [checkConfig, printConfig, helpConfig].filter(\.self).count <= 1 else {
            throw ValidationError("expected one of --check-config, --print-config and --help-config")
        }
    }

    func run() async throws {
        // A reader of our output or a peer that goes away is an error to handle, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // A file at its limit is a fault of that write, which is told, and no end of the process.
        signal(SIGXFSZ, SIG_IGN)
        LibmongocCounters.removeName()
        if helpConfig { return try write(LoadedConfiguration.help) }

        let loaded = try load()
        if checkConfig {
            let configuration = loaded.configuration
            let problems =
                await loaded.withValues(configuration.authenticatorProblems()) + configuration.managementProblems
            guard problems.isEmpty else {
                show(problems, as: .error, loaded.configuration.logs.format)
                throw ExitCode(78)
            }
            show(loaded.warnings, as: .warning, loaded.configuration.logs.format)
            return try write("configuration is valid\n")
        }
        if printConfig { return try write(loaded.effectiveText) }
        try await serve(loaded)
    }

    private func load() throws -> LoadedConfiguration {
        do {
            return try LoadedConfiguration(environment: ProcessInfo.processInfo.environment)
        } catch {
            show(error.warnings, as: .warning, error.logFormat)
            show(error.problems, as: .error, error.logFormat)
            throw ExitCode(78)
        }
    }

    private func serve(_ loaded: LoadedConfiguration) async throws {
        let logs = GatewayLogs(configuration: loaded.configuration.logs)
        LoggingSystem.bootstrap { _ in logs.handler() }
        let logger = logs.logger()
        defer { logs.flush() }
        for warning in loaded.warnings { log(warning, as: .warning, to: logger) }
        for change in loaded.changesInEffect { logger.info("configuration: \(change)") }
        do {
            try await Gateway(loaded, version: .current, logs: logs, logger: logger).run()
        } catch let invalid as InvalidConfiguration {
            for problem in invalid.problems { log(problem, as: .critical, to: logger) }
            throw ExitCode(78)
        } catch {
            logger.critical("the gateway cannot go on", error: error)
            throw ExitCode(70)
        }
    }

    /// On standard error: as a person reads it, or as lines of the log for a machine.
    private func show(_ problems: [SettingProblem], as level: Logger.Level, _ format: LogFormat) {
        switch format {
        case .text:
            // Nothing can be done about a standard error that takes nothing; the exit code still tells.
            for problem in problems {
                try? FileHandle.standardError.write(contentsOf: Data("\(level): \(problem)\n".utf8))
            }
        case .json:
            let logs = GatewayLogs(configuration: LogConfiguration(format: .json), fileDescriptor: STDERR_FILENO)
            for problem in problems { log(problem, as: level, to: logs.logger()) }
            logs.flush()
        }
    }

    private func log(_ problem: SettingProblem, as level: Logger.Level, to logger: Logger) {
        logger.log(
            level: level, "configuration: \(problem)", metadata: problem.key.map { ["key": .string($0)] } ?? [:])
    }

    private func write(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw ExitCode(70)
        }
    }
}
