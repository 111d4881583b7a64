import Foundation
import Glibc
import TestSupport
import Testing

/// management.md, "Configuration at run time".
@Suite struct ManagedConfigurationTests {
    @Test func `Every key has value, default and source, and what lies beneath`() async throws {
        let data = try DataFolder()
        try data.write("mountpoint: file/\nlog.level: warning\nidle_timeout: 40s\n", to: "gateway.yaml")
        let settings = ["CONFIG_FILE": data.path("gateway.yaml"), "IDLE_TIMEOUT": "50s", "LOG_LEVEL": "info"]
        try await withManagedSite(settings) { managed in
            let management = managed.management
            let keys = "/api/v5/configs?keys=mountpoint,idle_timeout,dnstream.max_mqueue_len"
            let configs = try await managed.viewer.json(keys)
            #expect(configs.keys == ["mountpoint", "idle_timeout", "dnstream.max_mqueue_len"])
            #expect(configs["mountpoint"] == ["value": "file/", "default": "ocpp/", "source": "file"])
            #expect(configs["idle_timeout"]["value"] == "50s" && configs["idle_timeout"]["source"] == "environment")
            #expect(configs["idle_timeout"]["file"] == "40s")
            #expect(configs["dnstream.max_mqueue_len"] == ["value": 100, "default": 100, "source": "default"])
            let changed = try await management.change(
                "PUT", "/api/v5/configs", #"{"mountpoint":"change/"}"#, gives: 200)
            #expect(
                changed == [
                    "mountpoint": ["value": "change/", "default": "ocpp/", "source": "change", "file": "file/"]
                ])
            let fixed = try await management.ask("PUT", "/api/v5/configs", #"{"idle_timeout":"60s"}"#)
            #expect(fixed.status == 409 && fixed.code == "CONFIG_FIXED")
            #expect(fixed.message.contains("IDLE_TIMEOUT"))
            try await management.change("DELETE", "/api/v5/configs/mountpoint", gives: 204)
            #expect(try await managed.viewer.json("/api/v5/configs")["mountpoint"]["source"] == "file")
            for key in ["broker.url", "management.api_secret", "data_dir", "json_schema_dir", "gateway.claim_topic"] {
                let late = try await management.ask("PUT", "/api/v5/configs", #"{"\#(key)":"x"}"#)
                #expect([400, 409].contains(late.status), "\(key) \(late.body)")
            }
            for key in ["broker.max_pending", "management.page", "json_schema_id_prefix"] {
                let value = key == "management.page" ? "false" : key == "broker.max_pending" ? "5" : #""urn:x:""#
                let late = try await management.ask("PUT", "/api/v5/configs", #"{"\#(key)":\#(value)}"#)
                #expect(late.status == 400 && late.message.contains("after a restart"), "\(key) \(late.body)")
            }
            let unknown = try await management.get("/api/v5/configs?keys=no.such.key")
            #expect(unknown.status == 404)
            #expect(try await management.ask("DELETE", "/api/v5/configs/no.such.key").status == 404)
            let half = try await management.ask(
                "PUT", "/api/v5/configs", #"{"mountpoint":"b/","dnstream.call_timeout":"soon"}"#)
            #expect(half.status == 400, "\(half.body)")
            #expect(try await managed.viewer.json("/api/v5/configs")["mountpoint"]["value"] == "file/")
        }
    }

    @Test func `What applies at once does so for those who are here, the rest for those who come`() async throws {
        try await withManagedSite { managed in
            let management = managed.management
            let here = try await managed.site.connectReady()
            try await management.change(
                "PUT", "/api/v5/configs",
                #"{"message_format_checking":"all","mountpoint":"new/","dnstream.max_mqueue_len":3,"log.level":"debug"}"#,
                gives: 200)
            // Checked from now on, on the same session, at its old topics.
            let answer = OCPPText(try await here.call("Heartbeat", #"{"odd":1}"#))
            #expect(answer.type == 4)
            #expect(OCPPText(try await here.call("Heartbeat")).type == 3)
            let shown = try await managed.viewer.json("./clients/CP-1")
            #expect(shown["mqueue_max"] == 3 && shown["mountpoint"] == "ocpp/")
            let central = try await CentralSystem.connect(
                port: managed.broker.port, mountpoint: "new/", clientID: "new")
            let new = try await managed.site.connect("CP-2")
            #expect(OCPPText(try await new.call("Heartbeat")).type == 3)
            #expect(central.received.all.map(\.topic) == ["new/cp/CP-2"])
            #expect(try await managed.viewer.json("./clients/CP-2")["mountpoint"] == "new/")
            let nested = try await management.change(
                "PUT", "/api/v5/configs", #"{"limits":{"bad_messages":9}}"#, gives: 200)
            #expect(nested.keys == ["limits.bad_messages"] && nested["limits.bad_messages"]["value"] == 9)
            try await managed.gateway.log("a frame") { $0.message == "frame received" && $0.mentions("CP-2") }
            try await management.change("DELETE", "/api/v5/configs/message_format_checking", gives: 204)
            #expect(OCPPText(try await here.call("Heartbeat", #"{"odd":1}"#)).type == 3)
            await central.stop()
        }
    }

    @Test func `A change lasts in a file of its own, is said at start and by print-config, and hides no file`()
        async throws
    {
        let data = try DataFolder()
        try data.write("mountpoint: file/\n", to: "gateway.yaml")
        let settings = data.settings.merging(
            ["CONFIG_FILE": data.path("gateway.yaml"), "BROKER_URL": "mqtt://127.0.0.1:1"]) { _, own in own }
        let first = try await GatewayProcess.start(settings)
        try await first.management().change(
            "PUT", "/api/v5/configs", #"{"mountpoint":"change/","idle_timeout":"35s"}"#, gives: 200)
        #expect(try await first.stop() == 0)
        for (name, permissions) in [("data", 0o700), ("data/changes.yaml", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: data.path(name))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == permissions, "\(name)")
        }
        let second = try await GatewayProcess.start(settings)
        try await second.log("the change") {
            $0.mentions("mountpoint", "change/", "file/")
        }
        #expect(
            try await second.management().json("/api/v5/configs?keys=mountpoint")["mountpoint"] == [
                "value": "change/", "default": "ocpp/", "source": "change", "file": "file/",
            ])
        await second.child.end()
        let print = try await GatewayProcess.start(settings, arguments: ["--print-config"])
        #expect(try await print.child.exit().code == 0)
        let output = await print.child.wholeOutput()
        let line = output.split(separator: "\n").first { $0.contains("mountpoint") && $0.contains("change/") }
        #expect(line?.contains("change") == true && output.contains("file/"), "\(output.prefix(2000))")
    }

    @Test func `A change that cannot be applied is taken back, from the file too`() async throws {
        try await withManagedSite(bindingByFile: true) { managed in
            try await managed.management.change("PUT", "/api/v5/configs", #"{"idle_timeout":"35s"}"#, gives: 200)
            let before = try #require(managed.data.text("data/changes.yaml"))
            let taken = try await managed.management.ask(
                "PUT", "/api/v5/configs",
                #"{"idle_timeout":"36s","listeners.ws.default.bind":"127.0.0.1:\#(managed.broker.port)"}"#)
            #expect(taken.status == 400 && taken.code == "BAD_REQUEST")
            #expect(managed.data.text("data/changes.yaml") == before)
            #expect(try await managed.viewer.json(".")["idle_timeout"] == "35s")
            #expect(await accepts(port: managed.site.port))
            try managed.data.write("nonsense", to: "bad.pem")
            let bad = try await managed.management.ask(
                "POST", "./listeners",
                #"{"type":"wss","name":"tls","bind":"127.0.0.1:0","ssl_options":{"certfile":"\#(managed.data.path("bad.pem"))","keyfile":"\#(managed.data.path("bad.pem"))"}}"#
            )
            #expect(bad.status == 400, "\(bad.body)")
            #expect(managed.data.text("data/changes.yaml") == before)
        }
    }

    /// Bytes, and when it was written and changed.
    private static func state(ofFile path: String) throws -> [String] {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure("\(path): errno \(errno)") }
        let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
        return [try Data(contentsOf: URL(filePath: path)).base64EncodedString(), "\(status.st_ino)"] + times
    }

    @Test func `CONFIG_FILE is neither written nor read again, by changes over the API nor on SIGHUP`() async throws {
        let data = try DataFolder()
        let file = data.path("gateway.yaml")
        try data.write(
            "# Ours.\r\nlisteners.ws.default.bind:   127.0.0.1:0\nmountpoint: file/ # sites\n\n\n", to: "gateway.yaml")
        let settings = ["CONFIG_FILE": file, "LISTENERS_WS_DEFAULT_BIND": GatewayProcess.unsaid]
        try await withManagedSite(settings) { managed in
            let management = managed.management
            let atStart = try Self.state(ofFile: file)
            try await management.change(
                "PUT", "/api/v5/configs", #"{"mountpoint":"change/","idle_timeout":"35s"}"#, gives: 200)
            try await management.change("PUT", ".", #"{"dnstream":{"max_mqueue_len":7}}"#, gives: 204)
            try await management.change("DELETE", "/api/v5/configs/mountpoint", gives: 204)
            try await management.change("POST", "./authentication", #"{"backend":"built_in_database"}"#, gives: 201)
            let port = try freePort()
            try await management.change(
                "PUT", "./listeners/ocpp:ws:default", #"{"bind":"127.0.0.1:\#(port)"}"#, gives: 200)
            #expect(try Self.state(ofFile: file) == atStart)

            // What the operator writes there counts from the next start on.
            try data.write("mountpoint: later/\nno.such.key: 1\n", to: "gateway.yaml")
            let now = try Self.state(ofFile: file)
            try managed.data.write("new:its-secret:viewer\n", to: "keys")
            managed.gateway.child.send(signal: SIGHUP)
            let new = management.with(key: "new:its-secret")
            try await eventually("it was heard") { try await new.get("/api/v5/whoami").status == 200 }
            try await management.change("PUT", "/api/v5/configs", #"{"idle_timeout":"36s"}"#, gives: 200)
            #expect(try Self.state(ofFile: file) == now)
            #expect(try await management.json("/api/v5/configs")["mountpoint"]["value"] == "file/")
            #expect(!managed.gateway.child.output.contains("no.such.key"))
        }
    }

    /// One of each for whoever changes at once: who wrote over another's change would take it away.
    private static let keys = [
        "dnstream.max_mqueue_len", "upstream.max_open_calls", "limits.bad_messages", "limits.messages_per_second",
        "listeners.ws.default.max_conn_rate", "listeners.ws.default.max_connections",
        "listeners.ws.default.tcp_options.active_n", "heartbeat_checking_times_backoff",
    ]

    private static func changeTwice(_ number: Int, of managed: ManagedSite) async throws {
        for value in [number + 30, number + 50] {
            let change = "{\"\(keys[number])\":\(value)}"
            try await managed.management.change("PUT", "/api/v5/configs", change, gives: 200)
        }
    }

    @Test func `Changes from many sides at once are all kept`() async throws {
        try await withManagedSite { managed in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in Self.keys.indices { group.addTask { try await Self.changeTwice(number, of: managed) } }
                try await group.waitForAll()
            }
            let configs = try await managed.viewer.json("/api/v5/configs")
            let lines = (managed.data.text("data/changes.yaml") ?? "").split(separator: "\n").map(String.init)
            let changes = lines.filter { !$0.hasPrefix("#") }
            #expect(changes.count == Self.keys.count)
            for (number, key) in Self.keys.enumerated() {
                let value = configs[key]["value"].double
                #expect(value == Double(number + 50) && configs[key]["source"] == "change", "\(key)")
                let isKept = changes.contains { $0.hasPrefix("\"\(key)\": ") && $0.contains("\(number + 50)") }
                #expect(isKept, "\(key) \(changes)")
            }
        }
    }
}
