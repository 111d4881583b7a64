import Foundation
import NIOPosix
import TestSupport
import Testing

/// behaviour.md and configuration.md, "Listeners": proxies in front, real ones. The log shows the charge point's own
/// address.
@Suite struct ProxyTests {
    /// Where the charge points of these tests come from.
    private static let chargePointHost = "127.0.0.7"

    private static let haproxyDefaults = """
        global
            maxconn 100
        defaults
            mode tcp
            timeout connect 30s
            timeout client 5m
            timeout server 5m

        """

    private static func connect(port: Int, from host: String? = chargePointHost) async throws -> ChargePointClient {
        var settings = ChargePointClient.Settings()
        settings.localHost = host
        return try await ChargePointClient.connect(port: port, identity: "CP-1", settings: settings)
    }

    private static func expectOwnAddress(
        _ site: Site, _ chargePoint: ChargePointClient, host: String = chargePointHost
    ) async throws {
        #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        let line = try await site.gateway.log("the session of CP-1") {
            $0.fields["cid"] == "CP-1" && $0.fields["remote"] != nil
        }
        #expect(line.fields["remote"]?.hasPrefix("\(host):") == true, "\(line)")
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func `Behind HA proxy the log shows the charge points address and no health checks`(option: String) async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_PROXY_PROTOCOL": "true"]) { site in
            let port = try freePort()
            let proxy = try await ProxyProcess.haproxy { _ in
                """
                \(Self.haproxyDefaults)
                listen gateway
                    bind 127.0.0.1:\(port)
                    server gateway 127.0.0.1:\(site.port) \(option) check inter 50ms

                """
            }
            try await ProxyProcess.run(proxy, port: port) {
                let chargePoint = try await Self.connect(port: port)
                try await Self.expectOwnAddress(site, chargePoint)
                // Some health checks have come and gone meanwhile, or come now.
                for _ in 0..<20 { _ = try await chargePoint.call("Heartbeat") }
                #expect(!site.gateway.logLines.contains { $0.message == "handshake refused" })
                await chargePoint.close()
            }
        }
    }

    @Test func `A connection that does not come through the proxy is closed with a log line`() async throws {
        let settings = [
            "LISTENERS_WS_DEFAULT_PROXY_PROTOCOL": "true", "LISTENERS_WS_DEFAULT_PROXY_PROTOCOL_TIMEOUT": "300ms",
        ]
        try await withSite(settings) { site in
            await #expect(throws: (any Error).self) { try await Self.connect(port: site.port) }
            let line = try await site.gateway.log("the refusal") { $0.message == "handshake refused" }
            #expect(line.mentions("no PROXY header", "\(Self.chargePointHost):"))
            let silent = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.minutes(2))
                .connect(host: "127.0.0.1", port: site.port)
                .get()
            try await silent.closeFuture.get()
            try await site.gateway.log("the time-out") { $0.mentions("no PROXY header within the time-out") }
        }
    }

    /// HAProxy twice: once as the charge point's TLS with a client certificate, once as the proxy that terminates it.
    @Test func `Behind HA proxy that terminates TLS the name in the certificate comes along`() async throws {
        let settings = ["LISTENERS_WS_DEFAULT_PROXY_PROTOCOL": "true", "LOG_LEVEL": "debug"]
        try await withSite(settings) { site in
            let (port, tlsPort) = (try freePort(), try freePort())
            let proxy = try await ProxyProcess.haproxy { folder in
                try await Self.makeCertificates(in: folder)
                return """
                    \(Self.haproxyDefaults)
                    listen charge-point
                        bind 127.0.0.1:\(port)
                        server tls 127.0.0.1:\(tlsPort) source 127.0.0.9 ssl crt client.pem ca-file ca.pem verify required

                    listen gateway
                        bind 127.0.0.1:\(tlsPort) ssl crt server.pem ca-file ca.pem verify required
                        server gateway 127.0.0.1:\(site.port) send-proxy-v2-ssl-cn

                    """
            }
            try await ProxyProcess.run(proxy, port: port) {
                let chargePoint = try await Self.connect(port: port, from: nil)
                try await Self.expectOwnAddress(site, chargePoint, host: "127.0.0.9")
                let line = try await site.gateway.log("the certificate") { $0.message == "client certificate" }
                #expect(line.fields["cn"] == "CP-1" && line.fields["verified"] == "true", "\(line)")
                await chargePoint.close()
            }
        }
    }

    /// An authority, and certificates of it with their keys: `server.pem`, and `client.pem` of CN CP-1.
    private static func makeCertificates(in folder: URL) async throws {
        let script = """
            set -e
            make() { openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr"; }
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj "/CN=authority" -days 2 -out ca.pem
            make server 127.0.0.1
            make client CP-1
            for name in server client; do
                openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$name.pem"
                cat "$name.key" >>"$name.pem"
            done
            """
        let shell = try await ChildProcess.start("/bin/sh", ["-c", script], directory: folder.path)
        guard try await shell.exit().code == 0 else { throw Failure("openssl:\n\(shell.output)") }
    }

    /// nginx adds the peer's address to what the charge point may have sent itself.
    private static func nginx(port: Int, to gateway: Int) async throws -> ProxyProcess {
        try await ProxyProcess.nginx { folder in
            """
            daemon off;
            master_process off;
            pid \(folder.path)/pid;
            error_log stderr;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path \(folder.path)/body;
                proxy_temp_path \(folder.path)/proxy;
                fastcgi_temp_path \(folder.path)/fastcgi;
                uwsgi_temp_path \(folder.path)/uwsgi;
                scgi_temp_path \(folder.path)/scgi;
                server {
                    listen 127.0.0.1:\(port);
                    location / {
                        proxy_pass http://127.0.0.1:\(gateway);
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection upgrade;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_set_header X-Forwarded-Port $remote_port;
                        proxy_read_timeout 5m;
                    }
                }
            }

            """
        }
    }

    @Test func `Behind a trusted nginx the log shows the charge points address and not what it claims`() async throws {
        try await withSite(["TRUSTED_PROXIES": "127.0.0.1"]) { site in
            let port = try freePort()
            let proxy = try await Self.nginx(port: port, to: site.port)
            try await ProxyProcess.run(proxy, port: port) {
                var settings = ChargePointClient.Settings()
                settings.localHost = Self.chargePointHost
                settings.headers = [("X-Forwarded-For", "203.0.113.99, 127.0.0.1")]
                let chargePoint = try await ChargePointClient.connect(
                    port: port, identity: "CP-1", settings: settings)
                try await Self.expectOwnAddress(site, chargePoint)
                await chargePoint.close()
            }
        }
    }

    @Test func `What a proxy that is not trusted says is not believed`() async throws {
        try await withSite(["TRUSTED_PROXIES": "10.0.0.0/8"]) { site in
            let port = try freePort()
            let proxy = try await Self.nginx(port: port, to: site.port)
            try await ProxyProcess.run(proxy, port: port) {
                let chargePoint = try await Self.connect(port: port)
                try await Self.expectOwnAddress(site, chargePoint, host: "127.0.0.1")
                await chargePoint.close()
            }
        }
    }
}
