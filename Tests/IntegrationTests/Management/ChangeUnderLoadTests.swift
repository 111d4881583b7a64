import Foundation
import NIOSSL
import TestSupport
import Testing

/// management.md, "Configuration at run time": sessions stay.
@Suite struct ChangeUnderLoadTests {
    private static let password = "0123456789abcdef"

    private func connect(
        _ identity: String, port: Int, tls: NIOSSLContext? = nil
    ) async throws -> ChargePointClient {
        var settings = ChargePointClient.Settings()
        settings.tls = tls
        let credentials = Data("\(identity):\(Self.password)".utf8).base64EncodedString()
        settings.headers = [("Authorization", "Basic \(credentials)")]
        return try await ChargePointClient.connect(port: port, identity: identity, settings: settings)
    }

    private func certificate(of chargePoint: ChargePointClient) async throws -> String {
        "\(try #require(try await chargePoint.peerCertificate))"
    }

    @Test func `Ports, certificates, checking and authenticators change under 200 busy sessions, and nothing is lost`()
        async throws
    {
        let files = try CertificateFolder()
        try await withManagedSite(bindingByFile: true, weight: Slots.all) { managed in
            let management = managed.management
            try await management.change("POST", "./authentication", #"{"backend":"built_in_database"}"#, gives: 201)
            let users = (1...210).map { "CP-\($0),\(Self.password),false" }.joined(separator: "\n")
            #expect(
                try await management.ask(
                    "POST", "./authentication/import_users?type=plain", headers: ["Content-Type": "text/csv"],
                    body: "user_id,password,is_superuser\n\(users)\n"
                ).status == 200)
            let (tlsPort, tls) = (try freePort(), try files.client())
            try await management.change(
                "POST", "./listeners",
                #"{"type":"wss","name":"tls","bind":"127.0.0.1:\#(tlsPort)","ssl_options":{"#
                    + #""certfile":"\#(files.path("server.pem"))","keyfile":"\#(files.path("server.key"))"}}"#,
                gives: 201)
            let busy = try await BusyChargePoints.connect(200) { identity in
                let isEven = identity.last?.wholeNumberValue?.isMultiple(of: 2) ?? false
                return try await connect(
                    identity, port: isEven ? managed.site.port : tlsPort, tls: isEven ? nil : tls)
            }
            try await busy.call {
                try await busy.more(400)

                let port = try freePort()
                try await management.change(
                    "PUT", "./listeners/ocpp:ws:default", #"{"bind":"127.0.0.1:\#(port)"}"#, gives: 200)
                let moved = try await connect("CP-201", port: port)
                #expect(OCPPText(try await moved.call("Heartbeat")).type == 3)
                #expect(!(await accepts(port: managed.site.port)))
                try await busy.more(400)

                try await management.change(
                    "PUT", "./listeners/ocpp:wss:tls",
                    #"{"ssl_options":{"certfile":"\#(files.path("server2.pem"))","keyfile":"\#(files.path("server2.key"))"}}"#,
                    gives: 200)
                let certified = try await connect("CP-202", port: tlsPort, tls: tls)
                #expect(try await certificate(of: certified).contains("server2"))
                try await busy.more(400)

                try await management.change(
                    "PUT", "/api/v5/configs", #"{"message_format_checking":"all"}"#, gives: 200)
                #expect(OCPPText(try await moved.call("Heartbeat", #"{"odd":1}"#)).type == 4)
                try await busy.more(400)

                let backend = try await AllowingServer.start()
                try await management.change(
                    "PUT", "./authentication",
                    #"{"mechanism":"password_based","backend":"http","method":"post","url":"http://127.0.0.1:\#(backend.port)/","#
                        + #""body":{"clientid":"${clientid}"}}"#, gives: 200)
                // Nobody whom the database knows.
                let allowed = try await connect("CP-999", port: port)
                #expect(OCPPText(try await allowed.call("Heartbeat")).type == 3)
                try await busy.more(400)

                try await management.change("POST", "./listeners/ocpp:ws:default/restart", gives: 200)
                try await management.change(
                    "PUT", "/api/v5/configs", #"{"mountpoint":"elsewhere/","limits.bad_messages":5}"#, gives: 200)
                try await busy.more(400)
            }
            #expect(busy.dropped.isEmpty)
            #expect(busy.surplus.isEmpty)
            #expect(busy.errors.value == 0)
            // Each CALL once, and commands still reach everybody.
            let relayed = managed.central.received.all.count { $0.action == "MeterValues" }
            #expect(relayed == busy.results.value)
            #expect(try await busy.commandOnce("ClearCache", from: managed.central).allSatisfy { $0.type == 3 })
        }
    }
}

/// An HTTP server that lets everybody in.
private final class AllowingServer: Sendable {
    private let child: ChildProcess
    let port: Int

    private init(child: ChildProcess, port: Int) {
        self.child = child
        self.port = port
    }

    deinit { child.kill() }

    static func start() async throws -> AllowingServer {
        let program = """
            import http.server, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", "18")
                    self.end_headers()
                    self.wfile.write(b'{"result":"allow"}')
                def log_message(self, *_): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """
        let child = try await ChildProcess.start(try ChildProcess.path(of: "python3"), ["-c", program])
        let line = try await child.lines.first("its port")
        return AllowingServer(child: child, port: Int(line.text) ?? 0)
    }
}
