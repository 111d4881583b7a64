import Foundation
import Logging
import Testing

@testable import Gateway

@Suite("Logs: one line an entry")
struct LogFormatTests {
    static let hostile: [String] =
        [
            "plain", "", "two words", "a\"b\\c", "line\nbreak\r\n", "tab\t\u{0}\u{7}\u{1B}[31m", "\u{7F}\u{9B}x",
            "é😀\u{301}", "\u{2028}\u{2029}", "a=b", "\u{202E}gpj", "\u{FFFF}", "{\"x\":1}", "x\u{FEFF}y", "\\u0000",
        ] + (0..<32).map { "x\(UnicodeScalar(UInt8($0)))y" }

    private func line(_ message: String, _ metadata: Logger.Metadata, _ format: LogFormat) -> String {
        let bytes = GatewayLogHandler.line(.info, message, metadata, format: format, timestamp: LogTimestamp())
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: hostile)
    func `A JSON line is one JSON object that gives every text back as it was`(text: String) throws {
        let line = line(text, ["cid": .string(text), text + "!": ["nested": [.string(text), .array([])]]], .json)
        #expect(line.hasSuffix("}\n"))
        #expect(line.unicodeScalars.filter { $0 == "\n" || $0 == "\r" }.count == 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        #expect(object["message"] as? String == text)
        #expect(object["cid"] as? String == text)
        #expect(object["level"] as? String == "info")
        let nested = object[text + "!"] as? [String: [Any]]
        #expect(nested?["nested"]?.first as? String == text)
        #expect((object["time"] as? String)?.wholeMatch(of: Self.timestamp) != nil)
    }

    @Test
    func `Numbers stay numbers in JSON, and metadata never doubles a member`() throws {
        let metadata: Logger.Metadata = [
            "count": .stringConvertible(7), "share": .stringConvertible(0.5), "odd": .stringConvertible(Double.nan),
            "on": .stringConvertible(true), "message": "mine",
        ]
        let line = line("theirs", metadata, .json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["count"] as? Int == 7)
        #expect(object["share"] as? Double == 0.5)
        #expect(object["odd"] as? String == "nan")
        #expect(object["on"] as? Bool == true)
        #expect(object["message"] as? String == "theirs")
        #expect(object["metadata.message"] as? String == "mine")
    }

    @Test(arguments: hostile)
    func `A text line holds no control character but its newline`(text: String) {
        let line = line(text, ["cid": .string(text), text: "x"], .text)
        let forbidden = line.unicodeScalars.dropLast().filter {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        #expect(forbidden.isEmpty && line.last == "\n", "\(line)")
    }

    @Test
    func `A text line is time, level, message and metadata, quoted where needed`() {
        let line = line("charge point connected", ["cid": "CP1", "note": "a \"b\"\n", "empty": ""], .text)
        #expect(line.dropFirst(24) == " info  charge point connected cid=CP1 empty=\"\" note=\"a \\\"b\\\"\\n\"\n")
        #expect(line.prefix(24).wholeMatch(of: Self.timestamp) != nil)
    }

    @Test
    func `The time is UTC in milliseconds, whatever second came before`() {
        let timestamp = LogTimestamp()
        let text = { (seconds: Int, nanoseconds: Int) in
            var line: [UInt8] = []
            timestamp.append(seconds: seconds, nanoseconds: nanoseconds, to: &line)
            return String(decoding: line, as: UTF8.self)
        }
        #expect(text(1_767_323_045, 678_999_999) == "2026-01-02T03:04:05.678Z")
        #expect(text(1_767_323_045, 7_000_000) == "2026-01-02T03:04:05.007Z")
        #expect(text(951_782_400, 0) == "2000-02-29T00:00:00.000Z")
    }

    private static var timestamp: Regex<Substring> { /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/ }
}
