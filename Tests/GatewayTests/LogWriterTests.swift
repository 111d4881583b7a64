import Foundation
import Logging
import Testing

@testable import Gateway

@Suite("Logs: the writer", .timeLimit(.minutes(2)))
struct LogWriterTests {
    @Test
    func `A reader that does not read never holds up who logs; what is dropped is counted and said`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(
            configuration: LogConfiguration(level: .debug, format: .json), fileDescriptor: pipe.writeEnd,
            capacity: 64 * 1024)
        let logger = logs.logger()
        let total = 20_000
        // Were this to block, the time limit would end it: nobody reads yet.
        for number in 0..<total {
            logger.debug("line", metadata: ["number": .stringConvertible(number)])
        }
        #expect(logs.flush(seconds: 0) == false)

        var received: [Int] = []
        var dropped = 0
        try pipe.readLines { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            if let number = object["number"] as? Int { received.append(number) }
            if let count = object["count"] as? Int { dropped += count }
            return received.count + dropped < total
        }
        #expect(dropped > 0)
        #expect(received.count + dropped == total)
        #expect(received == received.sorted())

        logger.info("there is room again")
        var last = ""
        try pipe.readLines { line in
            last = line
            return false
        }
        #expect(last.contains("there is room again"))
    }

    @Test
    func `Flushing waits until everything is written`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(), fileDescriptor: pipe.writeEnd)
        for number in 0..<100 { logs.logger().info("line \(number)") }
        #expect(logs.flush(seconds: 60))
        var count = 0
        try pipe.readLines { _ in
            count += 1
            return count < 100
        }
        #expect(count == 100)
    }

    @Test
    func `A reader that has gone away is no reason to stop`() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try LogPipe()
        pipe.closeReadEnd()
        let logs = GatewayLogs(
            configuration: LogConfiguration(level: .debug), fileDescriptor: pipe.writeEnd, capacity: 1024)
        for _ in 0..<1000 { logs.logger().debug("line") }
        #expect(logs.flush(seconds: 60))
    }

    @Test
    func `Entries below the level are left out, and each logger has its own metadata`() throws {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(level: .warning), fileDescriptor: pipe.writeEnd)
        var logger = logs.logger()
        logger[metadataKey: "cid"] = "CP1"
        logger.notice("not this")
        logger.error("this", metadata: ["code": "1"])
        logs.logger().error("and this")
        var lines: [String] = []
        try pipe.readLines { line in
            lines.append(String(line.dropFirst(25)))
            return lines.count < 2
        }
        #expect(lines == ["error this cid=CP1 code=1", "error and this"])
    }
}

/// A pipe, closed when this is gone.
final class LogPipe {
    private(set) var readEnd: CInt
    let writeEnd: CInt
    private var pending: [UInt8] = []

    init() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        closeReadEnd()
        close(writeEnd)
    }

    func closeReadEnd() {
        if readEnd >= 0 { close(readEnd) }
        readEnd = -1
    }

    /// Reads line by line until told to stop.
    func readLines(_ goOn: (String) throws -> Bool) throws {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                guard try goOn(line) else { return }
            }
            var wanted = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            try #require(poll(&wanted, 1, 30_000) == 1, "no more lines")
            let count = read(readEnd, &chunk, chunk.count)
            try #require(count > 0)
            pending += chunk[..<count]
        }
    }
}
