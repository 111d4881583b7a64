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

    /// What is an operator's own in a URL or a body: all but placeholders and the names of what is sent.
    @Test func `A URL and a body show what is no secret alone`() async throws {
        let url = "http://127.0.0.1:1/auth?key=s3cr3t-in-the-url&cid=${clientid}"
        let settings = [
            "AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": url,
            "AUTHENTICATION_BODY": #"{"cid":"${clientid}","password":"${password}","key":"s3cr3t-in-the-body"}"#,
        ]
        let printed = try await GatewayCommand(["--print-config"], settings)
        #expect(printed.code == 0)
        for line in [
            "# authentication.url: http://127.0.0.1:1/auth?key=******&cid=${clientid}  # environment",
            ##"# authentication.body: {"cid":"${clientid}","password":"${password}","key":"******"}  # environment"##,
        ] { #expect(printed.output.contains(line), "\(printed.output)") }
        let endpoint = ["AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_ENDPOINT": url]
        #expect(try await GatewayCommand(["--print-config"], endpoint).output.contains("/auth?key=******&cid="))
        for broken in ["http://user:s3cr3t@127.0.0.1:1/", "s3cr3t@x", "ftp://h/?k=s3cr3t", "http://h:x/?s3cr3t"] {
            let bad = try await GatewayCommand(
                ["--check-config"], settings.merging(["AUTHENTICATION_URL": broken]) { $1 })
            #expect(bad.code == 78, "\(bad.output)")
        }
    }

    @Test func `Management answers have none and take back what they have hidden`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow])
        let data = try DataFolder()
        let text = """
            authentication:
              backend: http
              request_timeout: 60s
              url: http://127.0.0.1:\(server.port)/?key=s3cr3t-in-the-url
              headers: \(Self.headers)
              body: {clientid: "${clientid}", key: s3cr3t-in-the-body}

            """
        try data.write(text, to: "gateway.yaml")
        try await withManagedSite(["CONFIG_FILE": data.path("gateway.yaml")]) { managed async throws in
            let (management, site) = (managed.management, managed.site)
            let shown = ShownCredentials.basic("CP-1", "s3cr3t-password")
            let path = "./authentication"
            func showsNone() async throws {
                let answer = try await management.get(path).body
                #expect(answer.contains(#""headers":{"authorization":"******","x-name":"******"}"#), "\(answer)")
                #expect(answer.contains(#""body":{"clientid":"${clientid}","key":"******"}"#), "\(answer)")
                #expect(answer.contains(#""url":"http://127.0.0.1:\#(server.port)/?key=******""#), "\(answer)")
                for more in ["/api/v5/configs", "."] {
                    let whole = try await management.get(more)
                    #expect(whole.status == 200 && Secrets.leaks(in: whole.body).isEmpty, "\(whole.body)")
                }
                #expect(Secrets.leaks(in: answer).isEmpty)
                // Sent back as it is it means unchanged.
                try await management.change("PUT", path, answer, gives: 200)
            }
            for _ in 0..<2 { try await showsNone() }
            #expect(try await site.status("CP-1", shown) == 101)
            for part in ["authorization Bearer s3cr3t-of-the-gateway", "target /?key=s3cr3t-in-the-url"] {
                #expect(server.questions.contains(part))
            }
            #expect(server.questions.contains(#""key": "s3cr3t-in-the-body""#))
            // By the other way one header is another now, and the rest stays; from now on they are a change.
            let one = #"{"authentication.headers":{"authorization":"******","x-name":"s3cr3t-other"}}"#
            try await management.change("PUT", "/api/v5/configs", one, gives: 200)
            try await showsNone()
            #expect(try await site.status("CP-1", shown) == 101)
            #expect(server.questions.contains("authorization Bearer s3cr3t-of-the-gateway"))
            // A part of what is hidden cannot be meant.
            let part = #"{"authentication.url":"http://127.0.0.1:\#(server.port)/other?key=******"}"#
            #expect(try await management.ask("PUT", "/api/v5/configs", part).status == 400)
            let whole = #"{"authentication.url":"http://127.0.0.1:\#(server.port)/other?key=s3cr3t-new"}"#
            try await management.change("PUT", "/api/v5/configs", whole, gives: 200)
            #expect(try await site.status("CP-1", shown) == 101)
            let tried = try await management.change(
                "POST", path + "/test", #"{"clientid":"CP-1","username":"CP-1","password":"s3cr3t-password"}"#,
                gives: 200)
            #expect(tried["status"] == 101)
            #expect(data.text("gateway.yaml") == text)
        }
    }
}
