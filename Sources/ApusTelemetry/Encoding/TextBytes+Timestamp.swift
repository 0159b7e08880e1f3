extension TextBytes {
    /// Adds a point in time in UTC as ISO 8601 with milliseconds: `2026-11-20T23:30:08.123Z`.
    ///
    /// The date comes from the count of days by the arithmetic of the proleptic Gregorian calendar: years begin in
    /// March here, so that the leap day is the last of its year, and 146 097 days make 400 years.
    ///
    /// - Parameter milliseconds: Milliseconds since 1970 in UTC; years 0 to 9999 come out right.
    mutating func append(timestamp milliseconds: Int64) {
        let (day, millisecond) = milliseconds.flooredQuotientAndRemainder(dividingBy: 86_400_000)
        let (era, dayOfEra) = (day + 719_468).flooredQuotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        append(field: year, digits: 4, before: "-")
        append(field: month, digits: 2, before: "-")
        append(field: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, digits: 2, before: "T")
        append(field: millisecond / 3_600_000, digits: 2, before: ":")
        append(field: millisecond / 60_000 % 60, digits: 2, before: ":")
        append(field: millisecond / 1000 % 60, digits: 2, before: ".")
        append(field: millisecond % 1000, digits: 3, before: "Z")
    }

    private mutating func append(field value: Int64, digits: Int, before separator: Unicode.Scalar) {
        append(decimal: value.magnitude, digits: digits)
        append(character: separator)
    }
}

extension Int64 {
    /// Division that rounds down, so that times before 1970 have a remainder that isn't negative.
    fileprivate func flooredQuotientAndRemainder(dividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
