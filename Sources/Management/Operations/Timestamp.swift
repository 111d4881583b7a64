import Glibc

/// A moment as answers tell it: RFC 3339 in UTC, with milliseconds.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var millisecondsSince1970: Int64

    package init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (one: Self, other: Self) -> Bool { one.millisecondsSince1970 < other.millisecondsSince1970 }

    /// `2026-01-31T12:00:00.000Z`.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same, where it is a part of something longer.
    func append(to bytes: inout [UInt8]) {
        let (days, inDay) = millisecondsSince1970.dividedFlooring(by: 86_400_000)
        // Civil date from a count of days, by eras of 400 years that begin in March.
        let shifted = days &+ 719_468
        let (era, dayOfEra) = shifted.dividedFlooring(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        if year < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(decimal: year, width: 4)
        let seconds = inDay / 1000
        bytes.append("-", civilMonth, width: 2)
        bytes.append("-", day, width: 2)
        bytes.append("T", seconds / 3600, width: 2)
        bytes.append(":", seconds / 60 % 60, width: 2)
        bytes.append(":", seconds % 60, width: 2)
        bytes.append(".", inDay % 1000, width: 3)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// RFC 3339, with any fraction and offset, or milliseconds since 1970 as EMQX takes them too; nil: neither.
    package init?(_ text: String) {
        if let number = Int64(text) {
            guard (0...253_402_300_799_999).contains(number) else { return nil }
            millisecondsSince1970 = number
            return
        }
        var reader = DateTimeReader(text)
        guard let value = reader.read() else { return nil }
        millisecondsSince1970 = value
    }
}

/// Reads `2026-01-31T12:00:00.123+02:00`.
private struct DateTimeReader {
    private var bytes: Substring.UTF8View

    init(_ text: String) {
        bytes = text[...].utf8
    }

    mutating func read() -> Int64? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            take("T") || take("t") || take(" "), let hour = number(2), take(":"), let minute = number(2), take(":"),
            let second = number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var milliseconds: Int64 = 0
        if take(".") {
            guard let fraction = fraction() else { return nil }
            milliseconds = fraction
        }
        guard let offset = offset(), bytes.isEmpty else { return nil }
        let seconds = Self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        return seconds * 1000 + milliseconds
    }

    /// Days since 1970 of a civil date.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.dividedFlooring(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Minutes east of UTC.
    private mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }

    private mutating func fraction() -> Int64? {
        var digits = 0
        var value: Int64 = 0
        while let byte = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            if digits < 3 { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
            digits += 1
            bytes.removeFirst()
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 3)..<3 { value *= 10 }
        return value
    }

    private mutating func number(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let byte = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            bytes.removeFirst()
        }
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard bytes.first == UInt8(ascii: character) else { return false }
        bytes.removeFirst()
        return true
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ mark: Unicode.Scalar, _ value: Int64, width: Int) {
        append(UInt8(ascii: mark))
        append(decimal: value, width: width)
    }
}

extension Int64 {
    fileprivate func dividedFlooring(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
