import Foundation
import TestSupport

/// A RabbitMQ with its MQTT plug-in (MQTT 3.1.1 only): node name, ports and files of its own, loopback only.
final class RabbitMQProcess: Sendable {
    let port: Int
    private let folder: URL
    private let portMapper: ChildProcess
    private let server: ChildProcess

    private init(port: Int, folder: URL, portMapper: ChildProcess, server: ChildProcess) {
        self.port = port
        self.folder = folder
        self.portMapper = portMapper
        self.server = server
    }

    /// Runs when this returns, which takes it some ten seconds: its MQTT plug-in waits for others of a cluster.
    static func start() async throws -> RabbitMQProcess {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rabbitmq-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try freePort()
        let mapperPort = try freePort()
        let configuration = """
            listeners.tcp = none
            mqtt.listeners.tcp.1 = 127.0.0.1:\(port)
            mqtt.allow_anonymous = true
            mqtt.default_user = guest
            mqtt.default_pass = guest
            log.console = true
            log.file = false

            """
        try configuration.write(
            to: folder.appending(path: "rabbitmq.conf"), atomically: true, encoding: .utf8)
        try "[rabbitmq_mqtt].\n".write(
            to: folder.appending(path: "enabled_plugins"), atomically: true, encoding: .utf8)
        // Ours, not a daemon that Erlang would start and leave behind.
        let mapper = try await ChildProcess.start(
            "/usr/bin/epmd", ["-address", "127.0.0.1", "-port", "\(mapperPort)"])
        do {
            let server = try await ChildProcess.start(
                "/usr/lib/rabbitmq/bin/rabbitmq-server",
                environment: [
                    "HOME": folder.path,
                    "ERL_CRASH_DUMP": folder.appending(path: "erl_crash.dump").path,
                    "RABBITMQ_NODENAME": "test-\(port)@localhost",
                    "RABBITMQ_MNESIA_BASE": folder.appending(path: "mnesia").path,
                    "RABBITMQ_LOG_BASE": folder.appending(path: "log").path,
                    "RABBITMQ_CONFIG_FILE": folder.appending(path: "rabbitmq.conf").path,
                    "RABBITMQ_CONF_ENV_FILE": folder.appending(path: "none").path,
                    "RABBITMQ_ENABLED_PLUGINS_FILE": folder.appending(path: "enabled_plugins").path,
                    "RABBITMQ_PID_FILE": folder.appending(path: "pid").path,
                    "RABBITMQ_DIST_PORT": "\(try freePort())",
                    "ERL_EPMD_PORT": "\(mapperPort)",
                    "ERL_EPMD_ADDRESS": "127.0.0.1",
                    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
                    // Lets its script become the server instead of waiting beside it, so that one signal ends it.
                    "RABBITMQ_ALLOW_INPUT": "1",
                    "RABBITMQ_SERVER_START_ARGS": "-noinput",
                ])
            let broker = RabbitMQProcess(port: port, folder: folder, portMapper: mapper, server: server)
            do {
                _ = try await server.lines.first("the MQTT listener", within: .seconds(300)) {
                    $0.text.contains("Server startup complete")
                }
                return broker
            } catch {
                await broker.remove()
                throw error
            }
        } catch {
            await mapper.end()
            throw error
        }
    }

    func remove() async {
        await server.end()
        await portMapper.end()
        try? FileManager.default.removeItem(at: folder)
    }
}
