import Testing

@testable import ApusListener

struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (68_169_600, "Tue, 29 Feb 1972 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
            (1_795_132_799, "Thu, 19 Nov 2026 23:59:59 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func `known moments have known texts`(_ second: Int64, _ text: String) {
        #expect(HTTPDate.text(of: second) == text)
    }

    @Test func `every day until 2110 follows the one before`() {
        let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var weekday = 3
        var day: Int64 = 0
        for year in 1970..<2110 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                for number in 1...length {
                    let text =
                        "\(weekdays[weekday]), \(number < 10 ? "0" : "")\(number) \(months[month]) \(year) 12:34:56 GMT"
                    if HTTPDate.text(of: day * 86_400 + 45_296) != text {
                        Issue.record("\(text) is \(HTTPDate.text(of: day * 86_400 + 45_296))")
                        return
                    }
                    day += 1
                    weekday = (weekday + 1) % 7
                }
            }
        }
    }

    @Test func `a text is made anew only when a second has passed`() {
        var date = HTTPDate()
        let text = date.text
        #expect(text.utf8.count == 29)
        date.refresh()
        #expect(date.text.utf8.count == 29)
    }
}
