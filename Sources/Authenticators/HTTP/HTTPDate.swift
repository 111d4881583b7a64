/// A moment as HTTP writes it (RFC 9110, 5.6.7), in each of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
struct HTTPDate: Sendable, Equatable {
    /// Longer texts are none. Bytes.
    private static let longest = 64
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Since 1970.
    let seconds: Int64

    /// Nil: none of these forms, or no time that there is. The day of the week is not compared with the date.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let parts = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        let words: (day: String, month: String, year: String, time: String)
        switch parts.count {
        case 6 where parts[5] == "GMT": words = (parts[1], parts[2], parts[3], parts[4])
        case 5: words = (parts[2], parts[1], parts[4], parts[3])
        default: return nil
        }
        let clock = words.time.split(separator: ":", omittingEmptySubsequences: false).map {
            Self.number(String($0), 2...2)
        }
        guard let day = Self.number(words.day, 1...2), (1...31).contains(day),
            let month = Self.months.firstIndex(of: words.month),
            let year = Self.number(words.year, 2...4), words.year.utf8.count != 3,
            clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            // A leap second has the number 60.
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let fullYear = words.year.utf8.count == 4 ? year : year < 70 ? 2000 + year : 1900 + year
        seconds = ((Self.days(to: fullYear, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    /// Of digits alone, so many of them.
    private static func number(_ text: String, _ lengths: ClosedRange<Int>) -> Int64? {
        guard lengths.contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int64(text)
    }

    /// From 1 January 1970, in the Gregorian calendar; a year is counted from March, with the leap day at its end.
    private static func days(to year: Int64, _ month: Int, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = Int64((month + 9) % 12)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        // Every year that can be written is past the year -400.
        let shifted = year + 400
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 146_097 - 719_468
    }
}
