import Foundation
import Management
import Testing

@Suite struct `management.md, Traces` {
    private static let path = "/api/v5/trace"

    private func withTraces(
        _ folder: TestFolder, _ gateway: FakeGateway = FakeGateway(),
        _ body: @escaping @Sendable (RunningManagement) async throws -> Void
    ) async throws {
        try await withManagement(gateway) {
            $0.tracesDirectory = folder.path("traces")
        } _: { management async throws in
            try await body(management)
        }
    }

    /// The whole text of a trace, once it has come so far.
    private func text(_ name: String, _ management: RunningManagement, until end: String) async throws -> String {
        var text = ""
        var position = 0
        let deadline = ContinuousClock.now + .seconds(60)
        while !text.hasSuffix(end), ContinuousClock.now < deadline {
            let piece = try await management.get(Self.path + "/\(name)/log?position=\(position)&bytes=5").json
            text += piece["items"]?.string ?? ""
            position = piece["meta"]?["position"]?.integer ?? position
        }
        return text
    }

    @Test func `What is said about one charge point is in its file, until the trace is stopped`() async throws {
        let folder = try TestFolder()
        try await withTraces(folder) { management async throws in
            let added = try await management.request(
                "POST", Self.path, json: #"{"name":"t1","type":"clientid","clientid":"CP1","formatter":"json"}"#)
            #expect(added.status == 200)
            #expect(added.json["status"] == "running")
            #expect(added.json["clientid"] == "CP1")
            #expect(added.json["log_size"] == ["gw1": 0])
            await management.gateway.log("{\"a\":\"größer\"}\n", about: .client("CP1"))
            await management.gateway.log("not this\n", about: .client("CP2"))
            #expect(try await text("t1", management, until: "\n") == "{\"a\":\"größer\"}\n")
            let download = try await management.get(Self.path + "/t1/download")
            #expect(download.body == "{\"a\":\"größer\"}\n")
            #expect(download.headers["content-disposition"]?.contains("t1.log") == true)
            let stopped = try await management.request("PUT", Self.path + "/t1/stop")
            #expect(stopped.body == #"{"name":"t1","enable":false}"#)
            await management.gateway.watched(by: 0)
            #expect(try await management.get(Self.path).json.elements?[0]["status"] == "stopped")
            #expect(try await management.request("DELETE", Self.path + "/t1").status == 204)
            #expect(try await management.get(Self.path).body == "[]")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("traces")).isEmpty)
            #expect(try await management.get(Self.path + "/t1/log").status == 404)
        }
    }

    @Test func `A trace begins and ends at its times`() async throws {
        try await withTraces(try TestFolder()) { management async throws in
            // Far enough away for a slow machine to see the time before it.
            func soon() -> String { Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 + 5000).text }
            let trace = #""type":"ip_address","ip_address":"10.0.0.1""#
            let late = #"{"name":"late",\#(trace),"start_at":"\#(soon())"}"#
            #expect(try await management.request("POST", Self.path, json: late).json["status"] == "waiting")
            await management.gateway.watched(by: 1)
            #expect(try await management.get(Self.path).json.elements?[0]["status"] == "running")
            #expect(try await management.request("DELETE", Self.path + "/late").status == 204)
            await management.gateway.watched(by: 0)
            let short = #"{"name":"short",\#(trace),"end_at":"\#(soon())"}"#
            #expect(try await management.request("POST", Self.path, json: short).json["status"] == "running")
            await management.gateway.log("here\n", about: .address("10.0.0.1"))
            await management.gateway.watched(by: 0)
            #expect(try await management.get(Self.path).json.elements?[0]["status"] == "stopped")
            #expect(try await management.get(Self.path + "/short/download").body == "here\n")
        }
    }

    @Test func `A trace ends when its file has 100 MB`() async throws {
        let folder = try TestFolder()
        try await withTraces(folder) { management async throws in
            let trace = #"{"name":"t1","type":"clientid","clientid":"CP1"}"#
            #expect(try await management.request("POST", Self.path, json: trace).status == 200)
            try folder.write("", to: "traces/t1.log")
            let file = try FileHandle(forWritingTo: URL(filePath: folder.path("traces/t1.log")))
            try file.truncate(atOffset: 100 * 1024 * 1024)
            await management.gateway.log("the last line\n", about: .client("CP1"))
            await management.gateway.watched(by: 0)
            let stopped = try await management.get(Self.path).json.elements?[0]
            #expect(stopped?["status"] == "stopped")
            #expect(stopped?["log_size"]?["gw1"] == .integer(100 * 1024 * 1024 + 14))
        }
    }

    @Test func `Traces outlive a restart, and go on`() async throws {
        let folder = try TestFolder()
        try await withTraces(folder) { management async throws in
            for name in ["on", "off"] {
                _ = try await management.request(
                    "POST", Self.path, json: #"{"name":"\#(name)","type":"clientid","clientid":"CP1"}"#)
            }
            _ = try await management.request("PUT", Self.path + "/off/stop")
        }
        try await withTraces(folder) { management async throws in
            let list = try await management.get(Self.path).json.elements ?? []
            #expect(list.map { $0["name"] } == ["off", "on"])
            #expect(list.map { $0["status"] } == ["stopped", "running"])
            await management.gateway.watched(by: 1)
        }
    }

    @Test func `Names, types, times and numbers out of bounds are refused`() async throws {
        try await withTraces(try TestFolder()) { management async throws in
            for body in [
                "{}", #"{"name":"../x","type":"clientid","clientid":"CP1"}"#, #"{"name":"x","type":"topic"}"#,
                #"{"name":"x","type":"ip_address","ip_address":"not one"}"#,
                #"{"name":"x","type":"clientid","clientid":"CP1","formatter":"xml"}"#,
                #"{"name":"x","type":"clientid","clientid":"CP1","end_at":"2001-01-01T00:00:00Z"}"#,
                #"{"name":"x","type":"clientid","clientid":"CP1","start_at":"soon"}"#,
            ] {
                #expect(try await management.request("POST", Self.path, json: body).status == 400, "\(body)")
            }
            for number in 1...30 {
                let body = #"{"name":"t\#(number)","type":"clientid","clientid":"CP1"}"#
                #expect(try await management.request("POST", Self.path, json: body).status == 200)
                if number == 1 {
                    #expect(try await management.request("POST", Self.path, json: body).code == "ALREADY_EXISTS")
                }
            }
            let more = #"{"name":"t31","type":"clientid","clientid":"CP1"}"#
            #expect(try await management.request("POST", Self.path, json: more).status == 400)
            #expect(try await management.request("DELETE", Self.path).status == 204)
            #expect(try await management.get(Self.path).body == "[]")
        }
    }

    @Test func `Without a folder for them traces are 503`() async throws {
        try await withManagement { management async throws in
            #expect(try await management.get(Self.path).status == 503)
        }
        try await withManagement(FakeGateway()) {
            $0.tracesDirectory = "/proc/traces"
        } _: { management async throws in
            #expect(try await management.get(Self.path).status == 503)
            #expect(management.log.all.contains { $0.contains("no traces") })
        }
    }
}
