/// `500ms`, `30s`, `5m`, `2h`, or plain seconds, as everywhere in the configuration.
enum DurationText {
    /// Nil: not a duration, or one of more than a year.
    static func read(_ value: JSON) -> Duration? {
        switch value {
        case .number(let digits): Int(digits).flatMap { duration($0, times: 1000) }
        case .string(let text): read(text)
        default: nil
        }
    }

    static func read(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        switch text[digits.endIndex...] {
        case "ms": return duration(number, times: 1)
        case "s", "": return duration(number, times: 1000)
        case "m": return duration(number, times: 60_000)
        case "h": return duration(number, times: 3_600_000)
        default: return nil
        }
    }

    private static func duration(_ number: Int, times factor: Int) -> Duration? {
        let (milliseconds, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, (0...31_536_000_000).contains(milliseconds) else { return nil }
        return .milliseconds(milliseconds)
    }
}
