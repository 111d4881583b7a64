/// Reads and writes the texts of settings: durations, sizes, numbers, truth values and lists. Nothing overflows.
package enum SettingText {
    package static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "on", "yes", "1": true
        case "false", "off", "no", "0": false
        default: nil
        }
    }

    /// `500ms`, `30s`, `5m`, `2h`, or plain seconds.
    package static func duration(_ text: String) -> Duration? {
        let (digits, unit) = split(text)
        // Ten thousand years are enough, and leave no way to overflow.
        guard let number = Int64(digits), number <= 320_000_000_000 else { return nil }
        switch unit {
        case "ms": return .milliseconds(number)
        case "", "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    /// `64KB`, `1MB`, or plain bytes; K is 1024.
    package static func size(_ text: String) -> Int? {
        let (digits, unit) = split(text)
        guard let number = Int(digits) else { return nil }
        let factor: Int
        switch unit.trimmed {
        case "", "b": factor = 1
        case "kb", "kib": factor = 1024
        case "mb", "mib": factor = 1024 * 1024
        case "gb", "gib": factor = 1024 * 1024 * 1024
        default: return nil
        }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : product
    }

    package static func integer(_ text: String) -> Int? {
        let (digits, rest) = split(text)
        return rest.isEmpty ? Int(digits) : nil
    }

    /// Cut at Unicode scalars: a comma with a combining mark behind it is no `Character` of its own.
    package static func list(_ text: String) -> [String] {
        text.unicodeScalars.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds >= 3600, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        return "\(seconds)s"
    }

    package static func format(size: Int) -> String {
        if size >= 1024 * 1024, size % (1024 * 1024) == 0 { return "\(size / 1024 / 1024)MB" }
        return size >= 1024 && size % 1024 == 0 ? "\(size / 1024)KB" : "\(size)"
    }

    private static func split(_ text: String) -> (digits: Substring, unit: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return (digits, text[digits.endIndex...].lowercased())
    }
}

extension String {
    /// Without the white space around it.
    package var trimmed: String {
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let scalars = unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(scalars[...last])
    }

    /// Control characters escaped and cut to a readable length: a value from outside may hold anything.
    package var shownInOneLine: String {
        var text = ""
        for scalar in unicodeScalars.prefix(200) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.count > 200 ? text + "…" : text
    }

    /// Digits and dots alone that are no IPv4 address: no host has such a name, since every top-level domain has a letter.
    package var isMistypedIPv4: Bool {
        guard utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return false }
        let parts = utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count != 4
            || !parts.allSatisfy { part in
                // An octet with a zero in front is octal to some, and decimal to others.
                (1...3).contains(part.count) && Int(Substring(part)).map { $0 <= 255 } == true
                    && (part.count == 1 || part.first != UInt8(ascii: "0"))
            }
    }

    func hasSameBytes(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension [String] {
    /// With commas; of many the first ones, and how many more there are.
    package var shortList: String { shortList(naming: 20) }

    /// - Parameter most: so many are named.
    package func shortList(naming most: Int) -> String {
        let shown = prefix(most).joined(separator: ", ")
        return count > most ? "\(shown) and \(count - most) more" : shown
    }
}
