import Foundation
import TestSupport
import Testing

/// docs/openapi.yaml, held against the running gateway by somebody else's program.
@Suite struct APIDescriptionTests {
    private static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `Every answer is one that the description has, and what it forbids is refused`() async throws {
        let program = Self.package.appending(path: ".build/python/bin/schemathesis").path
        try #require(
            FileManager.default.isExecutableFile(atPath: program),
            "\(program) is missing: run ./deploy/test.sh, which makes it")
        let settings = ["AUTHENTICATION_BACKEND": "built_in_database", "LISTENERS_WS_DEFAULT_ENABLE_AUTHN": "false"]
        try await withManagedSite(settings, weight: 2) { managed in
            let management = managed.management
            try await management.change(
                "POST", "./authentication/users", #"{"user_id":"CP-1","password":"0123456789abcdef"}"#, gives: 201)
            try await management.change(
                "POST", "/api/v5/trace", #"{"name":"t1","type":"clientid","clientid":"CP-1"}"#, gives: 200)
            // Kicked now and then; else there would be nobody to say anything about.
            let chargePoint = Task {
                while !Task.isCancelled {
                    guard let client = try? await managed.site.connect() else { continue }
                    client.acceptEveryCall()
                    _ = try? await client.closing(within: .minutes(10))
                }
            }
            defer { chargePoint.cancel() }
            let configuration = Self.package.appending(path: "Tests/IntegrationTests/Resources/schemathesis.toml").path
            let child = try await ChildProcess.start(
                program,
                [
                    "--config-file", configuration, "run",
                    "http://127.0.0.1:\(management.port)/api-docs/openapi.yaml", "--auth",
                    ManagementClient.administrator, "--phases", "examples,coverage,fuzzing", "--max-examples", "5",
                    "--generation-deterministic", "--request-timeout", "60", "--no-color", "--warnings", "off",
                ], directory: managed.data.url.path)
            let code = try await child.exit(within: 300).code
            let output = await child.wholeOutput()
            #expect(code == 0, "\(output)")
            let counts = output.matches(of: /(Selected|Tested): (\d+)/).map { Int($0.output.2) ?? 0 }
            #expect(counts.count == 2 && counts[0] > 40 && counts[0] == counts[1], "\(output.suffix(1500))")
            #expect(managed.gateway.child.isRunning)
            #expect(try await management.get("/healthz").status == 200)
        }
    }
}
