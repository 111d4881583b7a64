import BuildVersion
import Foundation
import SpawnedProcess
import Testing

@testable import Gateway

@Suite("The command", .timeLimit(.minutes(2)))
struct CommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Outcome {
        let process = SpawnedProcess()
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = products.appendingPathComponent("ocpp-gateway")
        process.arguments = arguments
        // libmongoc would write about the leftover of a killed process that had the same number.
        process.environment = environment.merging(["MONGOC_DISABLE_SHM": "1"]) { own, _ in own }
        let output = try TemporaryFile("")
        let errors = try TemporaryFile("")
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output.path))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors.path))
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOfFile: output.path, encoding: .utf8),
            errors: try String(contentsOfFile: errors.path, encoding: .utf8))
    }

    @Test
    func `--check-config says that the configuration is valid and exits 0`() throws {
        let outcome = try run(["--check-config"], ["BROKER_QQS": "1"])
        #expect(outcome.status == 0)
        #expect(outcome.output == "configuration is valid\n")
        #expect(outcome.errors.contains("warning: BROKER_QQS (environment): unknown name; did you mean BROKER_QOS?"))
    }

    @Test(arguments: [["--check-config"], []])
    func `Bad configuration lists every problem on standard error and exits 78`(arguments: [String]) throws {
        let outcome = try run(arguments, ["BROKER_QOS": "9", "LOG_LEVEL": "loud"])
        #expect(outcome.status == 78)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("BROKER_QOS") && outcome.errors.contains("LOG_LEVEL"))
    }

    @Test(arguments: [["--check-config"], []])
    func `What an authenticator finds wrong names the variable, its value and what was expected`(
        arguments: [String]
    ) throws {
        let outcome = try run(
            arguments, ["AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_CMD": "HMGET all password_hash"])
        #expect(outcome.status == 78)
        let text = outcome.output + outcome.errors
        let problem =
            #"AUTHENTICATION_CMD (authentication.cmd) is "HMGET all password_hash" (environment): expected ${clientid}"#
        #expect(text.contains(problem), "\(text)")
    }

    @Test(arguments: [["--check-config"], []])
    func `A file of API keys that cannot be used exits 78, checked or run`(arguments: [String]) throws {
        let file = try TemporaryFile("ops:s3cr3t:king\n")
        let outcome = try run(
            arguments, ["MANAGEMENT_API_KEYS_FILE": file.path, "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:0"])
        #expect(outcome.status == 78)
        let text = outcome.output + outcome.errors
        #expect(text.contains("management.api_keys_file: line 1") && !text.contains("s3cr3t"), "\(text)")
    }

    @Test(
        arguments: [["--check-config"], []])
    func `With log.format json every problem is a line of JSON, as the log's are`(arguments: [String]) throws {
        let outcome = try run(
            arguments, ["BROKER_QOS": "9", "LOG_LEVEL": "loud", "LOG_FORMAT": "json", "UPSTREAM_TOPICS": "x"])
        #expect(outcome.status == 78)
        let lines = outcome.errors.split(separator: "\n")
        let objects = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String], "\($0)")
        }
        #expect(objects.allSatisfy { $0["time"] != nil && $0["message"]?.hasPrefix("configuration: ") == true })
        #expect(objects.filter { $0["level"] == "error" }.map { $0["key"] } == ["broker.qos", "log.level"])
        #expect(objects.contains { $0["level"] == "warning" && $0["key"] == "UPSTREAM_TOPICS" })
    }

    @Test
    func `--print-config prints a file that the command takes`() throws {
        let printed = try run(["--print-config"], ["BROKER_QOS": "2"])
        #expect(printed.status == 0)
        let file = try TemporaryFile(printed.output)
        let again = try run(["--print-config"], ["CONFIG_FILE": file.path])
        #expect(again.status == 0 && again.output.contains("broker.qos: \"2\"  # file"))
    }

    @Test(arguments: [["--nonsense"], ["extra"], ["--check-config", "--print-config"]])
    func `A bad command line exits 64`(arguments: [String]) throws {
        #expect(try run(arguments).status == 64)
    }

    @Test
    func `--help shows how to set it, --help-config lists the settings, --version the version`() throws {
        #expect(try run(["--help"]).output.contains("BROKER_URL="))
        #expect(try run(["--help-config"]).output == LoadedConfiguration.help)
        let version = try run(["--version"]).output
        #expect(version.trimmingCharacters(in: .newlines) == BuildVersion.current.text)
        #expect(version.hasPrefix(BuildVersion.current.number))
    }

    @Test
    func `The commit stands behind the version, where somebody has said which it is`() {
        #expect(BuildVersion(number: "1.2.3", commit: "0123abc-dirty").text == "1.2.3 (commit 0123abc-dirty)")
        #expect(BuildVersion(number: "1.2.3", commit: "").text == "1.2.3")
    }
}
