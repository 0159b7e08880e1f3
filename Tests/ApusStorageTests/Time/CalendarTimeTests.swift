import ApusStorage
import Testing

@Suite
struct CalendarTimeTests {
    @Test
    func `reads and writes the forms of the wire`() {
        #expect(CalendarTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")?.secondsSince1970 == 784_111_777)
        #expect(CalendarTime(iso8601: "2026-02-28T23:59:59.123Z")?.secondsSince1970 == 1_772_323_199)
        #expect(CalendarTime(iso8601: "2024-02-29T00:00:00Z")?.basic == "20240229T000000Z")
        #expect(CalendarTime(secondsSince1970: 1_772_323_199).basic == "20260228T235959Z")
        #expect(CalendarTime(secondsSince1970: 1_772_323_200).basicDay == "20260301")
        #expect(CalendarTime(secondsSince1970: .max).basic == "99991231T235959Z")
        #expect(CalendarTime(secondsSince1970: .min).basic == "19700101T000000Z")
    }

    @Test(arguments: [
        "", "Z", "2026-02-28", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "-026-01-01T00:00:00Z", "2026-01-01T00:00Z", "99999-01-01T00:00:00Z",
        "2026-01-01T+1:00:00Z", "1969-12-31T23:59:59Z",
    ])
    func `refuses what is no time`(text: String) {
        #expect(CalendarTime(iso8601: text) == nil)
        #expect(CalendarTime(httpDate: text) == nil)
    }

    @Test
    func `every day of eight centuries comes back`() {
        var day: Int64 = 0
        while day < 292_194 {
            let basic = CalendarTime(secondsSince1970: day * 86_400).basic
            let digits = Array(basic.utf8.prefix(8)).map { String(UnicodeScalar($0)) }
            let dashed = digits[0...3].joined() + "-" + digits[4...5].joined() + "-" + digits[6...7].joined()
            #expect(CalendarTime(iso8601: "\(dashed)T00:00:00Z")?.secondsSince1970 == day * 86_400)
            day += 13
        }
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00"), (951_782_399, "2000-02-28 23:59:59"), (951_782_400, "2000-02-29 00:00:00"),
        (1_795_300_000, "2026-11-21 22:26:40"), (4_102_444_800, "2100-01-01 00:00:00"), (-1, "1970-01-01 00:00:00"),
    ])
    func `times are written as people read them`(_ seconds: Int64, _ text: String) {
        #expect(CalendarTime(secondsSince1970: seconds).description == text)
    }
}
