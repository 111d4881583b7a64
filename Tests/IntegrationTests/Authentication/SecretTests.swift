import Foundation
import TestSupport
import Testing

/// authentication.md, "Failures and logs": what is secret stands nowhere. Each test of a whole gateway looks for it in
/// what that has written (`withSite`, `GatewayCommand`); here is the rest.
@Suite struct SecretTests {
    private static let headers = #"{"authorization":"Bearer s3cr3t-of-the-gateway","x-name":"s3cr3t"}"#
    private static let settings = [
        "AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": "http://127.0.0.1:1/",
        "AUTHENTICATION_HEADERS": headers,
        "AUTHENTICATION_SSL_PASSWORD": "s3cr3t-key",
    ]

    @Test func `A secret is found wherever it stands`() {
        Secrets.add("0123-of-a-hash")
        #expect(Secrets.leaks(in: "a\nb s3cr3t-x\nc 0123-of-a-hash d\n") == ["b s3cr3t-x", "c 0123-of-a-hash d"])
        #expect(Secrets.leaks(in: "nothing\nto find").isEmpty)
        #expect(Secrets.leaks(in: "").isEmpty)
    }

    @Test(arguments: [["--print-config"], ["--check-config"]])
    func `A printed configuration has none and headers show their names alone`(arguments: [String]) async throws {
        let good = try await GatewayCommand(arguments, Self.settings)
        #expect(good.code == 0, "\(good.output)")
        if arguments == ["--print-config"] {
            #expect(
                good.output.contains(
                    ##"# authentication.headers: {"authorization":"******","x-name":"******"}  # environment"##),
                "\(good.output)")
        }
        for broken in [
            #"{"authorization": s3cr3t"#, #"["s3cr3t"]"#, #"{"a b":"s3cr3t"}"#, #"{"a":"s3cr3t ${nobody}"}"#,
        ] {
            let bad = try await GatewayCommand(
                arguments, Self.settings.merging(["AUTHENTICATION_HEADERS": broken]) { $1 })
            #expect(bad.code == 78, "\(bad.output)")
        }
        let token = try await GatewayCommand(
            arguments,
            [
                "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_SECRET": "s3cr3t-key",
                "AUTHENTICATION_SECRET_BASE64_ENCODED": "true",
            ])
        #expect(token.code == 78)
    }

    @Test func `Management answers have none and take back what they have hidden`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow])
        let management = try await Management()
        let file = FileManager.default.temporaryDirectory.appending(path: "config-\(UUID().uuidString).yaml")
        let text = """
            authentication:
              backend: http
              url: http://127.0.0.1:\(server.port)/
              headers: \(Self.headers)
            data_dir: \(server.server.folder.path)/data

            """
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await withSite(management.settings.merging(["CONFIG_FILE": file.path]) { $1 }) { site async throws in
            let shown = ShownCredentials.basic("CP-1", "s3cr3t-password")
            let path = "/gateways/ocpp/authentication"
            let answer = try await management.call("GET", path)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains(#""headers":{"authorization":"******","x-name":"******"}"#), "\(answer.body)")
            let configs = try await management.call("GET", "/gateways/ocpp")
            #expect(configs.status == 200)
            // Sent back as it is it means unchanged.
            let same = try await management.call("PUT", path, answer.body)
            #expect(same.status == 200, "\(same.body)")
            #expect(try await site.status("CP-1", shown) == 101)
            let headers = await server.server.output
            #expect(headers.contains("authorization Bearer s3cr3t-of-the-gateway"), "\(headers)")
            let tried = try await management.call(
                "POST", path + "/test", #"{"clientid":"CP-1","username":"CP-1","password":"s3cr3t-password"}"#)
            #expect(tried.status == 200 && tried.body.contains("101"), "\(tried.body)")
        }
    }
}
