/// A moment in UTC by the calendar, to the second, and the ways in which it is written.
package struct CalendarTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since 1970, without leap seconds.
    package let secondsSince1970: Int64

    /// Takes seconds since 1970; years before 1970 and after 9999 become these bounds.
    package init(secondsSince1970: Int64) {
        self.secondsSince1970 = min(max(secondsSince1970, 0), 253_402_300_799)
    }

    /// `20260131T235959Z`, as SigV4 writes it.
    package var basic: String {
        "\(day.joined())T\(clock.joined())Z"
    }

    /// `2026-01-31 23:59:59`, as people read it.
    package var description: String {
        "\(day.joined(separator: "-")) \(clock.joined(separator: ":"))"
    }

    /// `20260131`, the day that a signing key is made for.
    package var basicDay: String { String(basic.prefix(8)) }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7; the obsolete forms aren't read).
    package init?(httpDate text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = CalendarTime.number(words[1], digits: 2),
            let month = CalendarTime.months.firstIndex(of: String(words[2])),
            let year = CalendarTime.number(words[3], digits: 4)
        else { return nil }
        self.init(year: year, month: Int64(month + 1), day: day, clock: words[4])
    }

    /// Reads `2026-01-31T23:59:59.123Z`, as listings and credentials have it; the fraction is dropped.
    package init?(iso8601 text: String) {
        guard text.hasSuffix("Z"), text.utf8.count >= 20 else { return nil }
        let parts = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard date.count == 3, let year = CalendarTime.number(date[0], digits: 4),
            let month = CalendarTime.number(date[1], digits: 2), let day = CalendarTime.number(date[2], digits: 2)
        else { return nil }
        self.init(year: year, month: month, day: day, clock: parts[1].prefix { $0 != "." })
    }

    package static func < (left: CalendarTime, right: CalendarTime) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private init?(year: Int64, month: Int64, day: Int64, clock: some StringProtocol) {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            let hour = CalendarTime.number(parts[0], digits: 2), let minute = CalendarTime.number(parts[1], digits: 2),
            let second = CalendarTime.number(parts[2], digits: 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CalendarTime.daysSince1970(year: year, month: month, day: day)
        self.init(secondsSince1970: days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func number(_ text: some StringProtocol, digits: Int) -> Int64? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    /// Year, month and day.
    private var day: [String] {
        let date = date
        return [
            CalendarTime.padded(date.year, 4), CalendarTime.padded(date.month, 2), CalendarTime.padded(date.day, 2),
        ]
    }

    /// Hour, minute and second.
    private var clock: [String] {
        let second = secondsSince1970 % 86_400
        return [second / 3600, second / 60 % 60, second % 60].map { CalendarTime.padded($0, 2) }
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    /// Howard Hinnant's `days_from_civil`: years begin in March, so that the leap day is the last one.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return year / 400 * 146_097 + dayOfEra - 719_468
    }

    /// The inverse, `civil_from_days`.
    private var date: (year: Int64, month: Int64, day: Int64) {
        let days = secondsSince1970 / 86_400 + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + days / 146_097 * 400
        return (month <= 2 ? year + 1 : year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
