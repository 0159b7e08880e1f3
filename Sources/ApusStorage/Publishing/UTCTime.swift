/// A time as people write it, in UTC.
package struct UTCTime: Sendable, CustomStringConvertible {
    private let date: (year: Int64, month: Int64, day: Int64)
    private let second: Int64

    /// Takes seconds since 1970.
    package init(_ seconds: Int64) {
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        self.second = seconds - days * 86_400
        // Howard Hinnant's civil_from_days: years begin in March, eras have 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        self.date = (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    /// `20261121T221530Z`.
    package var compact: String {
        "\(pad(date.year, 4))\(pad(date.month))\(pad(date.day))T\(pad(second / 3600))\(pad(second / 60 % 60))\(pad(second % 60))Z"
    }

    /// `2026-11-21 22:15:30`.
    package var description: String {
        "\(pad(date.year, 4))-\(pad(date.month))-\(pad(date.day)) "
            + "\(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60))"
    }

    private func pad(_ number: Int64, _ digits: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
