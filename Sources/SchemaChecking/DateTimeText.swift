/// `date-time` of RFC 3339, 5.6: the date must be in the calendar, a leap second where one can be.
enum DateTimeText {
    static func isDateTime(_ text: UnsafeRawBufferPointer) -> Bool {
        var reader = Reader(text: text)
        guard let year = reader.number(digits: 4), reader.take("-"),
            let month = reader.number(digits: 2), reader.take("-"),
            let day = reader.number(digits: 2), reader.take("T", or: "t"),
            let hour = reader.number(digits: 2), reader.take(":"),
            let minute = reader.number(digits: 2), reader.take(":"),
            let second = reader.number(digits: 2), reader.skipFraction(),
            let offset = reader.offsetInMinutes(), reader.isAtEnd
        else { return false }
        guard 1...12 ~= month, day >= 1, day <= days(inMonth: month, of: year) else { return false }
        guard hour < 24, minute < 60, second <= 60 else { return false }
        // A leap second is the last one of a day in UTC.
        return second < 60 || (hour * 60 + minute - offset + 2 * 1440) % 1440 == 1439
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Reader {
        let text: UnsafeRawBufferPointer
        var position = 0

        var isAtEnd: Bool { position == text.count }

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
        mutating func skipFraction() -> Bool {
            guard take(".") else { return true }
            let start = position
            while position < text.count, text[position].isDecimalDigit { position += 1 }
            return position > start
        }

        mutating func offsetInMinutes() -> Int? {
            if take("Z", or: "z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(digits: 2), take(":"), let minutes = number(digits: 2),
                hours < 24, minutes < 60
            else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }
}
