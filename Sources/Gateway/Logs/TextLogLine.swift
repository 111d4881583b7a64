import Logging

/// A log entry for people: `info   charge point connected cid=CP1 version=1.6`.
enum TextLogLine {
    static func append(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, to line: inout [UInt8]
    ) {
        line.append(UInt8(ascii: " "))
        line += level.rawValue.utf8
        for _ in level.rawValue.utf8.count..<max(6, level.rawValue.utf8.count + 1) { line.append(UInt8(ascii: " ")) }
        appendEscaped(message, quoted: false, to: &line)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: " "))
            appendValue(key, to: &line)
            line.append(UInt8(ascii: "="))
            appendValue("\(value)", to: &line)
        }
    }

    private static func appendValue(_ text: String, to line: inout [UInt8]) {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        if isPlain {
            line += text.utf8
        } else {
            line.append(UInt8(ascii: "\""))
            appendEscaped(text, quoted: true, to: &line)
            line.append(UInt8(ascii: "\""))
        }
    }

    /// Nothing that a terminal or a line-wise reader would act on gets through.
    private static func appendEscaped(_ text: String, quoted: Bool, to line: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += Array("\\n".utf8)
            case "\r": line += Array("\\r".utf8)
            case "\t": line += Array("\\t".utf8)
            case "\"" where quoted, "\\" where quoted: line += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
            case " "..."~": line.append(UInt8(ascii: scalar))
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    line += Array("\\u{\(String(scalar.value, radix: 16))}".utf8)
                default: line += UTF8.encode(scalar).map(Array.init) ?? []
                }
            }
        }
    }
}
