import Logging

/// A log entry for machines: level, message and metadata as members of one JSON object.
enum JSONLogLine {
    /// Goes on after the member `time`, and closes the object.
    static func append(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, to line: inout [UInt8]
    ) {
        line += Array(#","level":"\#(level.rawValue)","message":"#.utf8)
        appendString(message, to: &line)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: ","))
            // A member must not be there twice.
            appendString(["time", "level", "message"].contains(key) ? "metadata." + key : key, to: &line)
            line.append(UInt8(ascii: ":"))
            append(value, to: &line)
        }
        line.append(UInt8(ascii: "}"))
    }

    private static func append(_ value: Logger.Metadata.Value, to line: inout [UInt8]) {
        switch value {
        case .string(let text): appendString(text, to: &line)
        case .stringConvertible(let value as Int): line += Array(value.description.utf8)
        case .stringConvertible(let value as Bool): line += Array(value.description.utf8)
        case .stringConvertible(let value as Double) where value.isFinite: line += Array(value.description.utf8)
        case .stringConvertible(let value): appendString(value.description, to: &line)
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(value, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            line.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                appendString(member.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(member.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    private static func appendString(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): line += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                line += Array(("\\u00" + (digits.utf8.count < 2 ? "0" : "") + digits).utf8)
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
