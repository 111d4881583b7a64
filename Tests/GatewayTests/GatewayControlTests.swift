import Authentication
import Foundation
import Logging
import Management
import NIOCore
import NIOPosix
import OutsideNames
import Settings
import TestSupport
import Testing
import WebSocketFrontEnd

@testable import Gateway

/// management.md, "Configuration at run time": on a gateway whose broker is nowhere.
@Suite("Management: changes of a running gateway")
struct GatewayControlTests {
    private let folder = TemporaryFolder()

    /// The gateway's listeners run when `body` begins.
    private func run(
        _ environment: [String: String] = [:], _ body: (GatewayControl) async throws -> Void
    ) async throws {
        var environment = environment
        environment["DATA_DIR"] = folder.path
        environment["LISTENERS_WS_DEFAULT_ACCEPTORS"] = "1"
        let loaded = try load(environment, yaml: "listeners.ws.default.bind: 127.0.0.1:0")
        let null = open("/dev/null", O_WRONLY)
        defer { close(null) }
        let logs = GatewayLogs(configuration: loaded.configuration.logs, fileDescriptor: null)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = GatewayService(
            configuration: loaded.configuration, authenticator: nil, group: group, logger: logs.logger())
        for listener in loaded.configuration.listeners.map(\.configuration) {
            let admission = try #require(service.admission(of: listener.id))
            try await service.listeners.add(listener, admission: admission)
        }
        let control = GatewayControl(
            service: service, loaded: loaded, gatewayVersion: "1", logs: logs, logger: logs.logger())
        do {
            try await body(control)
        } catch {
            Issue.record(error)
        }
        await service.authenticator?.stop()
        await service.listeners.stopAccepting()
        logs.flush()
        try await group.shutdownGracefully()
    }

    private func isRefused(_ body: () async throws(OperationFailure) -> Void) async -> Bool {
        do throws(OperationFailure) {
            try await body()
            return false
        } catch {
            if case .refused = error { return true }
            return false
        }
    }

    private let id = Management.ListenerID(type: "ws", name: "default")

    @Test func `Rules, limits and the log's level apply at once, and are kept for the next start`() async throws {
        try await run { control in
            try await control.changeSettings([
                JSON.Member("log.level", "debug"), JSON.Member("limits", ["bad_messages": 7, "memory": "1MB"]),
            ])
            #expect(control.logger.logLevel == .debug)
            #expect(control.service.memory.limit == 1 << 20)
            #expect(control.service.configuration.listeners[0].sessions.maxBadMessages == 7)
            let kept = try String(contentsOfFile: folder.path + "/changes.yaml", encoding: .utf8)
            #expect(kept.contains("limits.bad_messages") && kept.contains("debug"))
            try await control.takeBackSetting("log.level")
            #expect(control.logger.logLevel == .info)
            await #expect(throws: OperationFailure.notFound("there is no key \"log.levle\"")) {
                try await control.takeBackSetting("log.levle")
            }
        }
    }

    @Test func `A listener is added, changed, stopped, started and deleted`() async throws {
        try await run { control in
            let new = Management.ListenerID(type: "ws", name: "site2")
            let added = try await control.addListener([
                "type": "ws", "name": "site2", "bind": "127.0.0.1:0", "mountpoint": "site2/", "acceptors": 1,
            ])
            #expect(added.id == new && added.isRunning && added.settings["mountpoint"] == "site2/")
            #expect(
                await isRefused { () async throws(OperationFailure) in
                    _ = try await control.addListener(["type": "ws", "name": "site2", "bind": "127.0.0.1:0"])
                })
            let changed = try await control.changeListener(new, to: ["max_connections": 5])
            #expect(changed.maximumConnections == 5 && changed.settings["mountpoint"] == "site2/")
            _ = try await control.changeListener(new, to: ["websocket": ["max_frame_size": "1MB"]])
            #expect(control.service.longestDelivery.bytes == (1 << 20) + 1)
            try await control.control(new, .stop)
            #expect(await control.listeners().map(\.isRunning) == [true, false])
            try await control.control(new, .start)
            try await control.control(new, .restart)
            #expect(await control.listeners().map(\.isRunning) == [true, true])
            try await control.deleteListener(new)
            #expect(await control.listeners().map(\.id) == [id])
            await #expect(throws: OperationFailure.notFound("there is no listener ocpp:ws:site2")) {
                try await control.deleteListener(new)
            }
        }
    }

    @Test func `A session keeps the mountpoint that it has begun with, and the next has the new one`() async throws {
        try await run { control in
            let service = control.service
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            func connect(_ identity: ChargePointIdentity) async throws -> SessionKey {
                let listener = try #require(service.configuration.listeners.first)
                let session = try await StandInSession.connect(
                    identity, to: service.registry, in: service.context(of: listener, service.configuration), on: loop)
                return SessionKey(session.sessionID)
            }
            func mountpoint(_ session: SessionKey) async -> String? {
                await control.snapshots(of: [session]).first?.mountpoint
            }
            let old = try await connect("CP-1")
            try await control.changeSettings([JSON.Member("mountpoint", "new/")])
            let new = try await connect("CP-2")
            #expect(await mountpoint(old) == "ocpp/")
            #expect(await mountpoint(new) == "new/")
        }
    }

    @Test func `A listener shows how many sockets it has where nothing is said, and takes that back as no change`()
        async throws
    {
        try await run { control in
            let added = try await control.addListener(["type": "ws", "name": "site2", "bind": "127.0.0.1:0"])
            #expect(added.settings["acceptors"] == 1)
            let changed = try await control.changeListener(added.id, to: added.settings)
            #expect(changed.settings["acceptors"] == 1)
            let setting = await control.settings().first { $0.key == "listeners.ws.site2.acceptors" }
            #expect(setting?.value == 1 && setting?.defaultValue == .null && setting?.source == .default)
        }
    }

    /// Whom it has let in meanwhile it must not end with those of before.
    @Test(arguments: [true, false])
    func `What is started again before its drain is over keeps who comes in`(isListener: Bool) async throws {
        try await run(["SHUTDOWN_DRAIN_TIME": "2s"]) { control in
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let registry = control.service.registry
            // Two: the second is ended behind the first, within those two seconds.
            for identity in ["CP-1", "CP-2"] {
                _ = try await StandInSession.connect(ChargePointIdentity(identity), to: registry, on: loop)
            }
            let stopping = Task {
                if isListener { return try await control.control(id, .stop) }
                try await control.setGateway(enabled: false)
            }
            while await control.listeners().first?.isRunning != false { await Task.yield() }
            if isListener { try await control.control(id, .start) } else { try await control.setGateway(enabled: true) }
            let new = try await StandInSession.connect("CP-3", to: registry, on: loop)
            try await stopping.value
            #expect(registry.all.map(\.chargePoint.identity) == ["CP-3"])
            #expect(registry.session(ofDownstreamTopic: new.downstreamTopic) === new)
        }
    }

    @Test func `An address in use takes the whole change back, the written one too`() async throws {
        try await run { control in
            let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: try freePort()).get()
            let port = try #require(taken.localAddress?.port)
            let before = await control.listeners()
            #expect(
                await isRefused { () async throws(OperationFailure) in
                    try await control.changeGateway([
                        "default_heartbeat_interval": "5m",
                        "listeners": [
                            ["type": "ws", "name": "default", "max_connections": 5],
                            ["type": "ws", "name": "site2", "bind": .string("127.0.0.1:\(port)")],
                        ],
                    ])
                })
            #expect(await control.listeners() == before)
            #expect(control.loaded.withLock { $0.readings.allSatisfy { $0.source != .change } })
            #expect(control.service.configuration.listeners[0].sessions.defaultHeartbeatInterval == .seconds(60))
            let kept = try String(contentsOfFile: folder.path + "/changes.yaml", encoding: .utf8)
            #expect(!kept.contains("site2"))
            try await taken.close()
        }
    }

    @Test func `A stopped gateway has no listener that runs, a new one neither, until it is started`() async throws {
        try await run { control in
            try await control.setGateway(enabled: false)
            #expect(await control.gatewaySummary().isRunning == false)
            _ = try await control.addListener([
                "type": "ws", "name": "b", "bind": "127.0.0.1:0", "acceptors": 1,
            ])
            #expect(await control.listeners().map(\.isRunning) == [false, false])
            #expect(await isRefused { () async throws(OperationFailure) in try await control.control(id, .start) })
            try await control.changeGateway(["enable": true])
            #expect(await control.listeners().map(\.isRunning) == [true, true])
            #expect(await control.gatewaySummary().isRunning)
        }
    }

    @Test func `An authenticator is made, asked, replaced and deleted`() async throws {
        try await run { control in
            #expect(await control.authenticator() == nil)
            let body: JSON = [
                "mechanism": "password_based", "backend": "built_in_database", "user_id_type": "username",
                "password_hash_algorithm": ["name": "sha256", "salt_position": "suffix"],
            ]
            let created = try await control.createAuthenticator(body)
            #expect(created["backend"] == "built_in_database" && created["status"] == "connected")
            #expect(
                await isRefused { () async throws(OperationFailure) in
                    _ = try await control.createAuthenticator(body)
                })
            let users = try #require(try await control.users)
            _ = try await users.add(
                NewUser(StoredUser(id: "CP1", securityProfile: 3), password: Array("right".utf8)))
            func test(_ password: String) async throws -> Int {
                try await control.testCredentials(
                    TriedCredentials(identity: "CP1", userName: "CP1", password: Password(Array(password.utf8)))
                ).status
            }
            #expect(try await test("right") == 101)
            #expect(try await test("wrong") == 401)
            let replaced = try await control.replaceAuthenticator([
                "backend": "built_in_database", "user_id_type": "clientid",
            ])
            // What is not said any more is as it would be without the changes before.
            #expect(replaced["user_id_type"] == "clientid")
            #expect(replaced["password_hash_algorithm"]?["salt_position"] == "prefix")
            // The stored hash is of the other kind.
            _ = try await control.users?.update("CP1", UserChange(password: Array("right".utf8)))
            #expect(try await test("right") == 101)
            try await control.deleteAuthenticator()
            #expect(await control.authenticator() == nil)
            #expect(control.service.authenticator == nil)
            await #expect(throws: OperationFailure.notFound("there is no authenticator")) {
                try await control.deleteAuthenticator()
            }
        }
    }

    @Test func `Users are managed while their authenticator is switched off, and counted by when it is on`()
        async throws
    {
        try await run { control in
            _ = try await control.createAuthenticator(["backend": "built_in_database", "enable": false])
            #expect(control.service.authenticator == nil)
            let users = try #require(try await control.users)
            let password = Array("s3cr3t-1".utf8)
            _ = try await users.add(NewUser(StoredUser(id: "CP1"), password: password))
            #expect(try await control.users?.user("CP1") == StoredUser(id: "CP1"))
            let credentials = TriedCredentials(identity: "CP1", userName: "CP1", password: Password(password))
            _ = try await control.replaceAuthenticator(["backend": "built_in_database"])
            #expect(try await control.testCredentials(credentials).status == 101)
            _ = try await control.replaceAuthenticator([
                "backend": "built_in_database", "enable": false, "password_hash_algorithm": ["name": "sha512"],
            ])
            // Hashed as it is said now.
            _ = try await control.users?.update("CP1", UserChange(password: password))
            _ = try await control.replaceAuthenticator([
                "backend": "built_in_database", "password_hash_algorithm": ["name": "sha512"],
            ])
            #expect(try await control.testCredentials(credentials).status == 101)
            try await control.deleteAuthenticator()
            #expect(try await control.users == nil)
        }
    }

    @Test func `What the environment or a restart decides is refused`() async throws {
        try await run(["IDLE_TIMEOUT": "20s"]) { control in
            await #expect(
                throws: OperationFailure.fixedByEnvironment(key: "idle_timeout", variable: "IDLE_TIMEOUT")
            ) { try await control.changeGateway(["idle_timeout": "30s"]) }
            #expect(
                await isRefused { () async throws(OperationFailure) in
                    try await control.changeSettings([JSON.Member("broker.qos", 2)])
                })
        }
    }
}
