import ChargePointSessions
import Logging
import OutsideNames
import Synchronization
import Testing

@testable import Gateway

/// management.md, "Events and traces": the log's level stays as it is for everybody else.
@Suite("Logs: traces")
struct LogTraceTests {
    private func trace(
        _ subject: LogTraces.Subject, format: LogFormat = .text, _ body: (Logger) -> Void
    ) throws -> (traced: [String], written: [String]) {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(level: .warning), fileDescriptor: pipe.writeEnd)
        let traced = Mutex<[String]>([])
        let number = logs.traces.add(
            LogTraces.Trace(subject: subject, format: format) { line in traced.withLock { $0.append(line) } })
        body(logs.logger())
        logs.traces.remove(number)
        #expect(logs.logger().logLevel == .warning)
        logs.logger().critical("the end", metadata: ["cid": "CP1", "remote": "192.0.2.7:5123"])
        #expect(logs.flush(seconds: 60))
        var written: [String] = []
        try pipe.readLines { line in
            if line.contains("the end") { return false }
            written.append(String(line.dropFirst(25)))
            return true
        }
        return (traced.withLock { $0 }.map { String($0.dropFirst(25)) }, written)
    }

    @Test func `A trace has every line about its charge point, and the log has what it would have without`() throws {
        let (traced, written) = try trace(.chargePoint("CP1")) { logger in
            logger.debug("frame", metadata: ["cid": "CP1", "frame": "[2]"])
            logger.debug("frame", metadata: ["cid": "CP10"])
            logger.debug("frame")
            logger.warning("bad message", metadata: ["cid": "CP1"])
            logger.warning("bad message", metadata: ["cid": "CP2"])
        }
        #expect(traced == ["debug frame cid=CP1 frame=[2]\n", "warning bad message cid=CP1\n"])
        #expect(written == ["warning bad message cid=CP1", "warning bad message cid=CP2"])
    }

    @Test func `Names are compared by their bytes, and a logger's own metadata counts`() throws {
        let (traced, _) = try trace(.chargePoint("K1")) { logger in
            logger.debug("Kelvin", metadata: ["cid": "\u{212A}1"])
            var own = logger
            own[metadataKey: "cid"] = "K1"
            own.debug("K")
        }
        #expect(traced == ["debug K cid=K1\n"])
    }

    @Test(arguments: ["192.0.2.7", "2001:db8::7"])
    func `A trace of an address has the lines of all its ports`(address: String) throws {
        let peer = address.contains(":") ? "[\(address)]" : address
        let (traced, _) = try trace(.address(address)) { logger in
            logger.debug("one", metadata: ["remote": "\(peer):5123"])
            logger.debug("two", metadata: ["remote": "\(peer):5124"])
            logger.debug("three", metadata: ["remote": "\(address)"])
            logger.debug("other", metadata: ["remote": "192.0.2.70:5123"])
        }
        #expect(traced.count == 3)
    }

    @Test func `A line that is held back from the log is in the trace, and both counts are right`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(), fileDescriptor: pipe.writeEnd)
        let traced = Mutex(0)
        let number = logs.traces.add(
            LogTraces.Trace(subject: .chargePoint("CP1"), format: .json) { line in
                #expect(line.hasPrefix(#"{"time":""#) && line.hasSuffix("}\n"))
                traced.withLock { $0 += 1 }
            })
        for _ in 0..<25 { logs.logger().warning("bad message", metadata: ["cid": "CP1"]) }
        logs.traces.remove(number)
        #expect(traced.withLock { $0 } == 25)
        #expect(logs.linesDropped == 15)
        #expect(logs.flush(seconds: 60))
    }

    @Test func `Whoever a trace does not name builds no line for it`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(level: .warning), fileDescriptor: pipe.writeEnd)
        func interest(_ level: Logger.Level, _ identity: ChargePointIdentity, _ address: String) -> LineInterest {
            logs.interest(
                inLineAt: level,
                about: ChargePoint(identity: identity, version: .v16, remoteAddress: address, listener: "default"))
        }
        #expect(interest(.debug, "CP1", "192.0.2.7:5123") == .none)
        #expect(interest(.warning, "CP1", "192.0.2.7:5123") == .some)
        let named = logs.traces.add(LogTraces.Trace(subject: .chargePoint("CP1"), format: .text) { _ in })
        let here = logs.traces.add(LogTraces.Trace(subject: .address("192.0.2.7"), format: .text) { _ in })
        #expect(logs.logger().logLevel == .trace)
        #expect(interest(.debug, "CP1", "192.0.2.8:5123") == .some)
        #expect(interest(.debug, "CP2", "192.0.2.7:5123") == .byAddress)
        #expect(interest(.warning, "CP2", "192.0.2.7:5123") == .byAddress)
        #expect(interest(.debug, "CP2", "192.0.2.70:5123") == .none)
        #expect(interest(.warning, "CP2", "192.0.2.70:5123") == .some)
        for number in [named, here] { logs.traces.remove(number) }
        #expect(interest(.debug, "CP1", "192.0.2.7:5123") == .none)
    }
}
