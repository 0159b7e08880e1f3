import ApusCore
import Testing

@testable import ApusHTTP

struct RequestTimeoutTests {
    @Test(
        arguments: [
            ("0n", 0), ("1n", 1), ("1u", 1000), ("1m", 1_000_000), ("1S", 1_000_000_000), ("1M", 60_000_000_000),
            ("1H", 3_600_000_000_000), ("100m", 100_000_000), ("00000001S", 1_000_000_000), ("99999999n", 99_999_999),
            ("99999999S", 99_999_999_000_000_000), ("2562047H", 9_223_369_200_000_000_000),
        ] as [(String, Int64)]
    )
    func `digits and a unit are nanoseconds`(_ text: String, _ expected: Int64) {
        #expect(RequestTimeout.nanoseconds(text) == expected)
    }

    @Test(arguments: ["2562048H", "99999999H"]) func `what doesn't fit is the end of time`(_ text: String) {
        #expect(RequestTimeout.nanoseconds(text) == .max)
    }

    @Test(arguments: [
        "", "m", "1", "100", "1x", "1s", "1h", "1ms", "-1m", "+1m", "1.5S", " 1m", "1 m", "1m ", "123456789m", "1e3m",
        "0x1m", "１m",
        "1é", "nan", "\0m",
    ])
    func `anything else is malformed`(_ text: String) {
        #expect(RequestTimeout.nanoseconds(text) == nil)
    }
}
