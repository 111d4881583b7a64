import Foundation
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite("Logs: what is held back, and what is written instead", .timeLimit(.minutes(2)))
struct LogLimiterTests {
    /// A clock that stands until it is moved.
    private final class Clock: Sendable {
        private let moment = Mutex(ContinuousClock.now)

        var now: ContinuousClock.Instant { moment.withLock { $0 } }
        func move(_ time: Duration) { moment.withLock { $0 += time } }
    }

    private func lines(
        level: Logger.Level = .info, format: LogFormat = .text, _ body: (GatewayLogs, Clock) -> Void
    ) throws -> [String] {
        let pipe = try LogPipe()
        let clock = Clock()
        let logs = GatewayLogs(
            configuration: LogConfiguration(level: level, format: format), fileDescriptor: pipe.writeEnd,
            now: { clock.now })
        body(logs, clock)
        logs.logger().critical("the end")
        #expect(logs.flush(seconds: 60))
        var lines: [String] = []
        try pipe.readLines { line in
            if line.contains("the end") { return false }
            lines.append(line)
            return true
        }
        return lines
    }

    @Test
    func `After ten lines in full there is one that says how many more in 10 s, and about whom`() throws {
        let lines = try lines { logs, clock in
            for number in 0..<500 {
                logs.logger().warning("bad message", metadata: ["cid": "CP1", "id": "\(number)"])
                logs.logger().warning("bad message", metadata: ["cid": "CP2", "id": "\(number)"])
            }
            clock.move(.seconds(10))
            logs.sumUp()
        }
        #expect(lines.count == 22)
        #expect(lines.count { $0.contains("bad message cid=CP1 id=") } == 10)
        for cid in ["CP1", "CP2"] {
            #expect(lines.count { $0.hasSuffix("warning bad message: 490 more in 10 s cid=\(cid) more=490") } == 1)
        }
    }

    @Test
    func `The line of counters comes whenever its interval says so`() throws {
        let lines = try lines { logs, _ in
            for number in 0..<500 { logs.logger().info("statistics", metadata: ["sessions": "\(number)"]) }
        }
        #expect(lines.count == 500)
    }

    private func audit(_ key: String, _ status: Int, _ number: Int) -> Logger.Metadata {
        ["key": "\(key)", "remote": "127.0.0.1", "request": "PUT /\(number)", "status": "\(status)"]
    }

    @Test
    func `What management has changed is never held back, whatever was refused before`() throws {
        let lines = try lines { logs, clock in
            let logger = logs.logger()
            for number in 0..<30 { logger.info("management", metadata: audit("eyes", 403, number)) }
            for number in 0..<30 { logger.info("management", metadata: audit("ops", 400, number)) }
            for number in 0..<30 { logger.info("management", metadata: audit("ops", 200, number)) }
            // It may still be carried out.
            for number in 0..<30 { logger.info("management", metadata: audit("ops", 503, number)) }
            clock.move(.seconds(10))
            logs.sumUp()
        }
        #expect(lines.count { $0.contains("status=200") } == 30)
        #expect(lines.count { $0.contains("status=503") } == 30)
        #expect(lines.count { $0.contains("key=eyes") } == 10)
        #expect(lines.count { $0.contains("status=400") } == 10)
        for key in ["eyes", "ops"] {
            let sums = lines.filter { $0.contains("management: 20 more in 10 s") }
            #expect(sums.count { $0.contains("key=\"\(key) at 127.0.0.1\"") } == 1, "\(sums)")
        }
    }

    @Test
    func `For machines the sum is a number`() throws {
        let lines = try lines(format: .json) { logs, clock in
            for _ in 0..<12 { logs.logger().info("here", metadata: ["remote": "192.0.2.1:1"]) }
            clock.move(.seconds(10))
            logs.sumUp()
        }
        let last = try JSONSerialization.jsonObject(with: Data((lines.last ?? "").utf8)) as? [String: Any]
        #expect(last?["more"] as? Int == 2 && last?["message"] as? String == "here: 2 more in 10 s")
        #expect(last?["remote"] as? String == "192.0.2.1")
    }

    @Test
    func `Without an identity it is the address that counts, whatever the port; without both the message`() throws {
        let lines = try lines { logs, _ in
            for port in 0..<20 {
                logs.logger().info("refused", metadata: ["cid": "-", "remote": "192.0.2.1:\(port)"])
                logs.logger().info("refused", metadata: ["cid": "-", "remote": "[2001:db8::7]:\(port)"])
                logs.logger().info("refused", metadata: ["topic": "\(port)"])
            }
            var ours = logs.logger()
            ours[metadataKey: "cid"] = "CP1"
            for _ in 0..<20 { ours.info("refused") }
        }
        #expect(lines.count == 40)
    }

    @Test
    func `A long value is cut, and says how long it was; a frame at debug level is not`() throws {
        let long = String(repeating: "x", count: 60_000)
        let lines = try lines(level: .debug) { logs, _ in
            logs.logger().info("topic", metadata: ["topic": "\(long)", "cid": "CP1"])
            logs.logger().debug("frame", metadata: ["frame": "\(long)"])
        }
        #expect(lines.first?.utf8.count ?? 0 < 1200 && lines.first?.contains("… (60000 bytes)") == true)
        #expect(lines.last?.utf8.count ?? 0 > 60_000)
    }

    @Test
    func `Debug lines are written in full`() throws {
        let lines = try lines(level: .debug) { logs, _ in
            for number in 0..<100 { logs.logger().debug("frame", metadata: ["cid": "CP1", "number": "\(number)"]) }
        }
        #expect(lines.count == 100)
    }

    @Test
    func `The sum comes in its time, though no further line comes`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(), fileDescriptor: pipe.writeEnd)
        for _ in 0..<11 { logs.logger().info("here") }
        var last = ""
        try pipe.readLines { line in
            last = line
            return !line.contains("more in")
        }
        #expect(last.contains("here: 1 more in 10 s"))
    }
}
