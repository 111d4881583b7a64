import Foundation
import TestSupport
import Testing

/// The management page as an operator has it before them: a real browser, driven by `Resources/page.py`.
@Suite struct PageTests {
    private static let keys = "viewer:viewers-secret:viewer\n"

    @Test func `An operator sees and does on the page what the API can`() async throws {
        // A browser that is not installed is a failure, and said before anything is started.
        for program in ["chromedriver", "chromium"] { _ = try ChildProcess.path(of: program) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.keys.utf8).write(to: folder.appending(path: "keys"))
        // The listeners are stopped and started: at a port that the system gives they would come back at another.
        let (management, first, second) = (try freePort(), try freePort(), try freePort())
        let settings = [
            "LISTENERS": "ws:default,ws:second", "LISTENERS_WS_DEFAULT_ENABLE_AUTHN": "false",
            "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:\(first)", "LISTENERS_WS_SECOND_BIND": "127.0.0.1:\(second)",
            "MESSAGE_FORMAT_CHECKING": "all",
            "MANAGEMENT_BIND": "127.0.0.1:\(management)", "MANAGEMENT_API_KEY": "ops",
            "MANAGEMENT_API_SECRET": "operators-secret",
            "MANAGEMENT_API_KEYS_FILE": folder.appending(path: "keys").path,
            "DATA_DIR": folder.appending(path: "data").path, "AUTHENTICATION_BACKEND": "built_in_database",
            "SHUTDOWN_DRAIN_TIME": "1s",
        ]
        // The browser is as much work as two other tests.
        try await withSite(settings, weight: 2) { _ in
            try await eventually("management") { await accepts(port: management) }
            let page = try await PythonChargePoint.start(
                script: "page.py",
                [
                    "--url", "http://127.0.0.1:\(management)/", "--ws", "ws://127.0.0.1:\(first)",
                    "--second", "ws://127.0.0.1:\(second)", "--key", "ops", "--secret", "operators-secret",
                    "--viewer-key", "viewer", "--viewer-secret", "viewers-secret",
                ])
            let exit = try? await page.exit(within: 600)
            await page.end()
            let output = await page.wholeOutput()
            #expect(exit?.code == 0, "\(output)")
            #expect(output.contains("the page works"), "\(output)")
        }
    }

    @Test func `The page is small`() throws {
        let files = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/PageFiles/Files")
        let sizes = try FileManager.default.contentsOfDirectory(atPath: files.path).map { name in
            try Data(contentsOf: files.appending(path: name)).count
        }
        #expect(sizes.count > 10)
        #expect(sizes.reduce(0, +) < 100_000)
    }
}
