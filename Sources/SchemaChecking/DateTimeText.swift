/// What the format `date-time` takes.
package enum DateTimeRule: Sendable, Equatable {
    /// RFC 3339, 5.6, as JSON Schema and OCPP 2.x say.
    case rfc3339
    /// ISO 8601, as OCPP 1.6 says: the zone may be missing or be `+03`, `+0300`; seconds may be missing, a fraction
    /// stand behind a comma, the date or the time be written without separators, and the day end with 24:00.
    case iso8601
}

/// A date with its time: the date must be in the calendar, a leap second where one can be.
enum DateTimeText {
    static func isDateTime(_ text: UnsafeRawBufferPointer, _ rule: DateTimeRule) -> Bool {
        var reader = Reader(text: text, rule: rule)
        guard let date = reader.date(), reader.take("T", or: "t"), let time = reader.time(),
            let offset = reader.offset(), reader.isAtEnd
        else { return false }
        guard 1...12 ~= date.month, date.day >= 1, date.day <= days(inMonth: date.month, of: date.year) else {
            return false
        }
        guard time.minute < 60, time.second <= 60 else { return false }
        if time.hour == 24 { return rule == .iso8601 && time.minute == 0 && time.second == 0 }
        guard time.hour < 24 else { return false }
        guard time.second == 60 else { return true }
        switch offset {
        // A leap second is the last one of a day in UTC.
        case .minutes(let minutes): return (time.hour * 60 + time.minute - minutes + 2 * 1440) % 1440 == 1439
        case .unknown: return true
        }
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private enum Offset {
        case minutes(Int)
        /// Local time.
        case unknown
    }

    private struct Reader {
        let text: UnsafeRawBufferPointer
        let rule: DateTimeRule
        var position = 0

        var isAtEnd: Bool { position == text.count }
        private var isISO8601: Bool { rule == .iso8601 }

        mutating func date() -> (year: Int, month: Int, day: Int)? {
            guard let year = number(digits: 4) else { return nil }
            let hasSeparators = take("-")
            guard hasSeparators || isISO8601, let month = number(digits: 2), !hasSeparators || take("-"),
                let day = number(digits: 2)
            else { return nil }
            return (year, month, day)
        }

        mutating func time() -> (hour: Int, minute: Int, second: Int)? {
            guard let hour = number(digits: 2) else { return nil }
            let hasSeparators = take(":")
            guard hasSeparators || isISO8601, let minute = number(digits: 2) else { return nil }
            if isISO8601, hasSeparators ? !isNext(":") : !isDigitNext { return (hour, minute, 0) }
            guard !hasSeparators || take(":"), let second = number(digits: 2), skipFraction() else { return nil }
            return (hour, minute, second)
        }

        private var isDigitNext: Bool { position < text.count && text[position].isDecimalDigit }

        private func isNext(_ character: Unicode.Scalar) -> Bool {
            position < text.count && UInt32(text[position]) == character.value
        }

        mutating func number(digits: Int) -> Int? {
            guard text.count - position >= digits else { return nil }
            var value = 0
            for _ in 0..<digits {
                let digit = text[position] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                value = value * 10 + Int(digit)
                position += 1
            }
            return value
        }

        mutating func take(_ character: Unicode.Scalar, or other: Unicode.Scalar? = nil) -> Bool {
            guard position < text.count else { return false }
            let byte = UInt32(text[position])
            guard byte == character.value || byte == other?.value else { return false }
            position += 1
            return true
        }

        /// `.` with at least one digit, if there is a `.`.
        private mutating func skipFraction() -> Bool {
            guard take(".", or: isISO8601 ? "," : nil) else { return true }
            let start = position
            while isDigitNext { position += 1 }
            return position > start
        }

        mutating func offset() -> Offset? {
            if take("Z", or: "z") { return .minutes(0) }
            if isISO8601, isAtEnd { return .unknown }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(digits: 2), hours < 24 else { return nil }
            if isISO8601, isAtEnd { return .minutes(sign * hours * 60) }
            guard take(":") || isISO8601, let minutes = number(digits: 2), minutes < 60 else { return nil }
            return .minutes(sign * (hours * 60 + minutes))
        }
    }
}
