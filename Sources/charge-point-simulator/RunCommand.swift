import ArgumentParser
import ChargePointSimulator
import ClientEndpoints
import Foundation
import OCPPJ

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Boot charge points that live a plausible life.",
        discussion: """
            Each charge point boots, tells its status, authorizes drivers, charges, sends meter values and heartbeats, \
            and answers commands, in OCPP 1.6, 2.0.1 or 2.1. With HTTP Basic authentication the identity is the user \
            name and the environment variable CHARGE_POINT_PASSWORD the password.
            """
    )

    @Option(help: "Where they connect, such as ws://127.0.0.1:33033/ocpp, or wss://; the identity is appended.")
    var url: String

    @Option(
        help: ArgumentHelp(
            "PEM file of the certificates that wss:// is good with; without it those that the system trusts.",
            valueName: "file"))
    var ca: String?

    @Option(help: "Number of charge points, 1 to 1000000.")
    var count = 20

    @Option(
        help: "The OCPP version: 1.6, 2.0.1 or 2.1; with commas between several, or mixed for all, they take turns.")
    var version = "1.6"

    @Option(help: "What identities begin with: CP gives CP0001, CP0002 and so on.")
    var prefix = "CP"

    @Option(help: "Makes a run repeatable: the same seed, the same life.")
    var seed: UInt64 = 1

    @Option(help: "How much faster than real life drivers and cars are. Protocol times are not scaled.")
    var timeScale = 60.0

    @Option(help: "Connects per second at the start.")
    var ramp = 50.0

    @Option(help: "Seconds to run; without it until interrupted.")
    var duration: Double?

    @Flag(help: "No driver comes by himself: charging begins with a RemoteStartTransaction only.")
    var idle = false

    @Flag(help: "Write the closing summary only.")
    var quiet = false

    mutating func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
        guard (0.1...10_000).contains(timeScale) else { throw ValidationError("--time-scale is 0.1 to 10000") }
        guard (0.1...100_000).contains(ramp) else { throw ValidationError("--ramp is 0.1 to 100000") }
        try validateDuration(duration)
        let isPlain = prefix.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, prefix.utf8.count <= 100 else {
            throw ValidationError("--prefix is up to 100 letters, digits, '-', '.' and '_'")
        }
        _ = try versions()
        let endpoint = try endpoint()
        guard ca == nil || endpoint.usesTLS else { throw ValidationError("--ca is for wss:// only") }
    }

    func run() async throws {
        let limit = FileDescriptorLimit.raise()
        if let limit, limit < count + 32 {
            throw ValidationError("\(count) charge points need more open files than this process may have (\(limit))")
        }
        let endpoint = try endpoint()
        let plan = Fleet.Plan(
            endpoint: endpoint, tls: try endpoint.usesTLS ? tls(endpoint.host) : nil, count: count,
            versions: try versions(), prefix: prefix, ramp: ramp,
            pace: LifePace(timeScale: timeScale, hasDrivers: !idle), seed: seed)
        let end = await FleetRun(plan: plan, duration: duration.map { .seconds($0) }, quiet: quiet).run()
        if end.connections == 0 { throw ExitCode.failure }
    }

    private func versions() throws -> [OCPPVersion] {
        do {
            return try OCPPVersion.list(version)
        } catch {
            throw ValidationError(
                "--version: no version '\(error.name)'; it is 1.6, 2.0.1, 2.1, several with commas, or mixed")
        }
    }

    private func tls(_ host: String) throws -> ClientTLS {
        do {
            return try ClientTLS(host: host, trust: ca.map { .file($0) } ?? .system)
        } catch let missing as ClientTLS.NoAuthorities {
            throw ValidationError("--ca: \(missing)")
        }
    }

    private func endpoint() throws -> CentralSystemEndpoint {
        do {
            return try CentralSystemEndpoint(
                url: url, password: ProcessInfo.processInfo.environment["CHARGE_POINT_PASSWORD"])
        } catch {
            throw ValidationError(error.description)
        }
    }
}

func validateDuration(_ duration: Double?) throws {
    guard let duration else { return }
    guard duration > 0, duration <= 31_536_000 else { throw ValidationError("--duration is over 0, up to a year") }
}
