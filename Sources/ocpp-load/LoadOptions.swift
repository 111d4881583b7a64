import ArgumentParser
import ClientEndpoints
import Foundation
import LoadGenerator

/// Where charge points connect, and who they are.
struct ChargePointOptions: ParsableArguments {
    @Option(help: "Where they connect, ws://127.0.0.1:33033/ocpp or wss://…; the identity is appended.")
    var url: String

    @Option(help: "With wss: PEM file of the authorities to trust; without it the system's.")
    var ca: String?

    @Flag(help: "With wss: take any certificate.")
    var insecureSkipVerify = false

    @Flag(name: .customLong("tls1.2"), help: "With wss: speak TLS 1.2 at most.")
    var mostTLS12 = false

    @Option(help: "Charge points.")
    var count = 64

    @Option(help: "What identities begin with: LOAD gives LOAD00001 and on.")
    var prefix = "LOAD"

    @Option(help: "The WebSocket subprotocol to ask for.")
    var subprotocol = "ocpp1.6"

    @Option(help: "Loopback source addresses to use, 127.0.0.1 and on; 0: the kernel's choice.")
    var sources = 0

    @Option(help: "Handshakes under way at a time.")
    var concurrency = 128

    @Option(help: "Threads for the charge points.")
    var threads = 1

    mutating func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
        guard (0...60_000).contains(sources) else { throw ValidationError("--sources is 0 to 60000") }
        guard (1...100_000).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 100000") }
        guard (1...64).contains(threads) else { throw ValidationError("--threads is 1 to 64") }
        guard ca == nil || !insecureSkipVerify else {
            throw ValidationError("--ca or --insecure-skip-verify, not both")
        }
        let isTLS = url.lowercased().hasPrefix("wss:")
        guard isTLS || ca == nil && !insecureSkipVerify && !mostTLS12 else {
            throw ValidationError("--ca, --insecure-skip-verify and --tls1.2 are for wss:// only")
        }
    }

    func plan(_ mode: LoadRun.Mode) throws -> LoadRun.Plan {
        if let limit = FileDescriptorLimit.raise(), limit < count + 64 {
            throw ValidationError("\(count) charge points need more open files than this process may have (\(limit))")
        }
        let endpoint = try CentralSystemEndpoint(
            url: url, password: ProcessInfo.processInfo.environment["CHARGE_POINT_PASSWORD"])
        let trust = ca.map { ClientTLS.Trust.file($0) } ?? (insecureSkipVerify ? .anybody : .system)
        var target = try LoadTarget(endpoint: endpoint, trust: trust, mostTLS12: mostTLS12)
        target.prefix = prefix
        target.subprotocol = subprotocol
        target.sources = sources
        target.concurrency = max(1, concurrency / threads)
        var plan = LoadRun.Plan(mode: mode, target: target, count: count)
        plan.threads = min(threads, count)
        return plan
    }
}

/// Who of them sends.
struct TrafficOptions: ParsableArguments {
    @Option(help: "Charge points that send; the others stay idle. By default all.")
    var active: Int?

    @Option(help: "CALLs that one charge point may have open, 1 to 64.")
    var openPerChargePoint = 1

    mutating func validate() throws {
        guard (1...64).contains(openPerChargePoint) else { throw ValidationError("--open-per-charge-point is 1 to 64") }
    }

    func apply(to plan: inout LoadRun.Plan) throws {
        guard (1...plan.count).contains(active ?? plan.count) else {
            throw ValidationError("--active is 1 to \(plan.count)")
        }
        plan.active = active
        plan.target.openPerChargePoint = openPerChargePoint
    }
}

/// How often all charge points come and go.
struct RoundOptions: ParsableArguments {
    @Option(help: "How often they all come and go.")
    var rounds = 1

    mutating func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000") }
    }
}

/// What a CALL looks like.
struct CallOptions: ParsableArguments {
    @Option(help: "The action of the CALLs.")
    var action = "MeterValues"

    @Option(help: "A file with the payload of the CALLs, instead of meter values.")
    var payloadFile: String?

    @Option(help: "Bytes of a CALL's meter values; at least about a hundred.")
    var payloadBytes = 300

    mutating func validate() throws {
        guard (0...16_000_000).contains(payloadBytes) else { throw ValidationError("--payload-bytes is too large") }
        guard !action.isEmpty, action.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) else {
            throw ValidationError("--action is a name")
        }
    }

    func payload() throws -> String {
        guard let payloadFile else { return MeterValuesPayload.json(bytes: payloadBytes) }
        do {
            return try String(contentsOfFile: payloadFile, encoding: .utf8)
        } catch {
            throw ValidationError("--payload-file \(payloadFile) cannot be read as UTF-8")
        }
    }

    func apply(to target: inout LoadTarget) throws {
        target.action = action
        target.payload = try payload()
    }
}

/// Who answers.
struct AnswerOptions: ParsableArguments {
    @Option(help: "Answer CALLs on this broker: mqtt://user@host:port, its password from MQTT_PASSWORD.")
    var broker: String?

    @Option(help: "Where CALLs arrive, '+' for the charge point.")
    var topicsUp = "ocpp/cp/+"

    @Option(help: "Where answers go, '${cid}' for the charge point.")
    var topicDown = "ocpp/cs/${cid}"

    @Option(help: "QoS of the answers, and of their subscription: 0 or 1.")
    var qos: UInt8 = 0

    mutating func validate() throws {
        guard qos <= 1 else { throw ValidationError("--qos is 0 or 1") }
        if let broker {
            guard try !BrokerAddress(url: broker).usesTLS else {
                throw ValidationError("the load's own central system speaks mqtt:// only")
            }
        }
    }

    func responder() throws -> Responder.Plan? {
        guard let broker else { return nil }
        let address = try BrokerAddress(url: broker)
        var plan = Responder.Plan(host: address.host, port: address.port)
        plan.username = address.username
        plan.password = ProcessInfo.processInfo.environment["MQTT_PASSWORD"]
        plan.topicUp = topicsUp
        plan.topicDown = topicDown
        plan.qualityOfService = qos
        return plan
    }
}

/// When it counts.
struct WindowOptions: ParsableArguments {
    @Option(help: "Seconds that count.")
    var duration = 10.0

    @Option(help: "Seconds of the same before, which do not count.")
    var warmUp = 2.0

    mutating func validate() throws {
        guard (0...86_400).contains(duration), (0...86_400).contains(warmUp) else {
            throw ValidationError("--duration and --warm-up are up to a day")
        }
    }

    func apply(to plan: inout LoadRun.Plan) {
        plan.warmUp = .seconds(warmUp)
        plan.duration = .seconds(duration)
    }
}

/// Whose CPU time and memory are looked at.
struct FigureOptions: ParsableArguments {
    @Option(help: "Process id of the gateway.")
    var gatewayPid: Int32?

    @Option(help: "Process id of the broker.")
    var brokerPid: Int32?

    @Option(help: "Seconds of rest before memory is read.")
    var settle = 1.0

    @OptionGroup var output: OutputOptions

    mutating func validate() throws {
        guard (0...3600).contains(settle) else { throw ValidationError("--settle is up to an hour") }
    }

    func measure(_ plan: LoadRun.Plan) async throws {
        var plan = plan
        plan.gateway = gatewayPid
        plan.broker = brokerPid
        plan.settle = .seconds(settle)
        try output.write(try await LoadRun(plan).run(progress: output.progress()))
    }
}

/// How the figures are told.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Write the figures as JSON.")
    var json = false

    @Flag(help: "No progress line.")
    var quiet = false

    /// On standard error: standard output is for the figures.
    func progress() -> @Sendable (String) -> Void {
        let isShown = !quiet && isatty(STDERR_FILENO) == 1
        return { line in
            if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
        }
    }

    func write(_ report: LoadReport) throws {
        if !quiet && isatty(STDERR_FILENO) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            FileHandle.standardOutput.write(try encoder.encode(report) + Data("\n".utf8))
        } else {
            FileHandle.standardOutput.write(Data((report.lines.joined(separator: "\n") + "\n").utf8))
        }
    }
}
