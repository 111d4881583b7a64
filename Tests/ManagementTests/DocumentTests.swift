import Foundation
import Management
import NIOCore
import SpawnedProcess
import TestSupport
import Testing

@Suite struct `management.md, Documents and TLS` {
    private struct Page: ManagementPage {
        var paths: [String] { ["/", "/favicon.ico"] }

        func file(at path: String) -> (type: String, bytes: ByteBuffer)? {
            path == "/" ? ("text/html; charset=utf-8", ByteBuffer(string: "<p>page")) : ("image/x-icon", ByteBuffer())
        }
    }

    private static let document = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/openapi.yaml")

    @Test func `The page is bare without a key, with its policy, and can be turned off`() async throws {
        try await withManagement(page: Page()) { management async throws in
            let page = try await management.get("/", key: nil)
            #expect(page.status == 200)
            #expect(page.body == "<p>page")
            let policy = page.headers["content-security-policy"]?.split(separator: "; ").map(String.init) ?? []
            #expect(policy.starts(with: ["default-src 'self'", "frame-ancestors 'none'"]))
            #expect(Set(policy.dropFirst(2)) == ["base-uri 'none'", "form-action 'none'", "object-src 'none'"])
            #expect(page.headers["x-content-type-options"] == "nosniff")
            #expect(try await management.get("/favicon.ico", key: nil).status == 200)
        }
        try await withManagement(FakeGateway(), page: Page()) {
            $0.showsPage = false
        } _: { management async throws in
            #expect(try await management.get("/", key: nil).status == 404)
        }
    }

    @Test func `The description of the API is served with a key, and is docs/openapi.yaml`() async throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        try await withManagement { management async throws in
            #expect(try await management.get("/api-docs/openapi.yaml", key: nil).status == 401)
            let served = try await management.get("/api-docs/openapi.yaml", key: RunningManagement.viewer)
            #expect(served.status == 200)
            #expect(served.headers["content-type"] == "application/yaml")
            #expect(served.body == text)
        }
    }

    @Test func `The description has every route, and no other`() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        var described: Set<String> = []
        var path = ""
        var isInPaths = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if !line.hasPrefix(" ") { isInPaths = line == "paths:" }
            guard isInPaths else { continue }
            if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
            for method in ["get", "post", "put", "delete"] where line == "    \(method):" {
                described.insert("\(method.uppercased()) \(path)")
            }
        }
        let routes = Set(ManagementServer.routeNames(for: FakeGateway()))
        #expect(routes.subtracting(described).sorted() == [])
        #expect(described.subtracting(routes).sorted() == [])
    }

    @Test func `Under TLS it is HTTPS, and a new certificate serves the next connection`() async throws {
        let folder = try TestFolder()
        try makeCertificate("one", in: folder)
        try await withManagement(FakeGateway()) {
            $0.tls = .init(certificates: folder.path("cert.pem"), privateKey: folder.path("key.pem"))
        } _: { management async throws in
            let port = management.address.port ?? 0
            func subject() throws -> String {
                try output(
                    "/bin/sh", "-c",
                    "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null | openssl x509 -noout -subject")
            }
            let body = try output(
                "/usr/bin/curl", "-sk", "-u", RunningManagement.viewer, "https://127.0.0.1:\(port)/api/v5/whoami")
            #expect(body == #"{"key":"eyes","role":"viewer"}"#)
            #expect(try subject().contains("one"))
            try makeCertificate("two", in: folder)
            #expect(management.server.reload())
            #expect(try subject().contains("two"))
            let files = [folder.path("cert.pem"), folder.path("key.pem")].joined(separator: ", ")
            #expect(management.log.all.contains("notice management: certificate reloaded files=\(files)"))
            try folder.write("nonsense", to: "cert.pem")
            management.server.reload()
            #expect(try subject().contains("two"))
            let refusal = "error management: certificate not reloaded files=\(files) "
            #expect(management.log.all.contains { $0.hasPrefix(refusal) })
        }
    }

    @Test func `A certificate or key file that cannot be read is said before anything is opened`() throws {
        var configuration = ManagementConfiguration()
        configuration.tls = .init(certificates: "/nowhere", privateKey: "/nowhere")
        #expect(throws: ManagementFault.self) {
            try ManagementServer(configuration: configuration, operations: FakeGateway(), logger: LogLines().logger)
        }
        configuration.tls = nil
        configuration.keysFile = "/nowhere"
        #expect(throws: ManagementFault.self) {
            try ManagementServer(configuration: configuration, operations: FakeGateway(), logger: LogLines().logger)
        }
        #expect(ManagementServer.fault(of: configuration)?.problems.count == 1)
        configuration.bind = nil
        #expect(ManagementServer.fault(of: configuration) == nil)
        let none = try ManagementServer(
            configuration: configuration, operations: FakeGateway(), logger: LogLines().logger)
        #expect(none == nil)
    }

    private func makeCertificate(_ name: String, in folder: TestFolder) throws {
        _ = try output(
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", folder.path("key.pem"), "-out", folder.path("cert.pem"), "-subj", "/CN=\(name)", "-days", "2")
    }

    private func output(_ program: String, _ arguments: String...) throws -> String {
        let process = SpawnedProcess()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
