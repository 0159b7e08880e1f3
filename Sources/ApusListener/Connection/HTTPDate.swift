internal import ApusCore

/// The value of a `Date` field (RFC 9110 §5.6.7), made once a second.
struct HTTPDate {
    private(set) var text: String
    private var second: Int64

    init() {
        second = WallClock.millisecondsSince1970 / 1000
        text = HTTPDate.text(of: second)
    }

    /// Makes the text anew when a second has passed.
    mutating func refresh() {
        let now = WallClock.millisecondsSince1970 / 1000
        guard now != second else { return }
        second = now
        text = HTTPDate.text(of: now)
    }

    /// The text for a number of seconds since 1970, in UTC.
    static func text(of second: Int64) -> String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let days = Int(second / 86_400)
        let (year, month, day) = civil(fromDays: days)
        let rest = Int(second % 86_400)
        return "\(weekdays[days % 7]), \(two(day)) \(months[month - 1]) \(year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    /// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
    /// algorithms").
    private static func civil(fromDays days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func two(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }
}
