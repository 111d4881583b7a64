import Glibc

/// The time of day.
enum WallClock {
    /// Since 1970.
    static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(milliseconds: Int64 = WallClock.milliseconds()) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let time = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(time).\(padded(Int32(milliseconds % 1000), 3))Z"
    }

    /// Reads RFC 3339 in UTC (`Z`), the years 1970 to 9999; digits behind the milliseconds count for nothing.
    static func milliseconds(ofTimestamp text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0) { sum, byte in
                guard let sum, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                return sum * 10 + Int(byte - UInt8(ascii: "0"))
            }
        }
        for (index, separator) in zip([4, 7, 10, 13, 16], "--T::".utf8) where bytes[index] != separator { return nil }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1970, hour < 24, minute < 60, second <= 60
        else { return nil }
        var milliseconds = 0
        if bytes.count > 20 {
            let digits = 20..<bytes.count - 1
            guard bytes[19] == UInt8(ascii: "."), !digits.isEmpty, number(digits.prefix(15)) != nil else { return nil }
            for place in 0..<3 {
                milliseconds =
                    milliseconds * 10 + (place < digits.count ? Int(bytes[20 + place] - UInt8(ascii: "0")) : 0)
            }
        }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        // timegm would take February 31st for a day of March.
        let midnight = timegm(&parts)
        guard parts.tm_year == year - 1900, parts.tm_mon == month - 1, parts.tm_mday == day else { return nil }
        return (Int64(midnight) + Int64(hour * 3600 + minute * 60 + second)) * 1000 + Int64(milliseconds)
    }
}
