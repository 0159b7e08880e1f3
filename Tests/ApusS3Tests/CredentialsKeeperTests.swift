import ApusS3
import ApusStorage
import ApusTesting
import Dispatch
import Synchronization
import Testing

/// Gives numbered credentials with an end, and counts.
private final class NumberedSource: CredentialsSource {
    let name = "numbers"
    private let state = Mutex((count: 0, isFailing: false))
    private let lifetime: Int64
    private let calendar: CalendarBox

    init(lifetime: Int64, calendar: CalendarBox) {
        self.lifetime = lifetime
        self.calendar = calendar
    }

    var count: Int { state.withLock { $0.count } }

    func fail(_ isFailing: Bool) {
        state.withLock { $0.isFailing = isFailing }
    }

    func load() throws(StorageError) -> Credentials? {
        let number = state.withLock { state in
            state.count += 1
            return state.isFailing ? nil : state.count
        }
        guard let number else { throw StorageError(.unreachable, "down") }
        let end = CalendarTime(secondsSince1970: calendar.value.secondsSince1970 + lifetime)
        return Credentials(accessKeyID: "\(number)", secretKey: Secret("s"), expires: end)
    }
}

@Suite
struct CredentialsKeeperTests {
    private let calendar = CalendarBox(1_000_000)

    @Test
    func `new ones are asked for five minutes before the end`() throws {
        let source = NumberedSource(lifetime: 3600, calendar: calendar)
        let keeper = keeper(source)
        #expect(try keeper.credentials().accessKeyID == "1")
        calendar.set(1_000_000 + 3600 - 301)
        #expect(try keeper.credentials().accessKeyID == "1")
        calendar.set(1_000_000 + 3600 - 300)
        #expect(try keeper.credentials().accessKeyID == "2")
        #expect(source.count == 2)
    }

    @Test
    func `old ones do while new ones can't be had, until their end`() throws {
        let source = NumberedSource(lifetime: 3600, calendar: calendar)
        let keeper = keeper(source)
        _ = try keeper.credentials()
        source.fail(true)
        calendar.set(1_000_000 + 3500)
        #expect(try keeper.credentials().accessKeyID == "1")
        calendar.set(1_000_000 + 3600)
        #expect(code { try keeper.credentials() } == .unreachable)
        source.fail(false)
        #expect(try keeper.credentials().accessKeyID == "4")
    }

    @Test
    func `while new ones can't be had, not every request asks for them`() throws {
        let source = NumberedSource(lifetime: 3600, calendar: calendar)
        let keeper = keeper(source)
        _ = try keeper.credentials()
        source.fail(true)
        let margin: Int64 = 1_000_000 + 3300
        for (second, count) in [(0, 2), (1, 2), (59, 2), (60, 3), (119, 3), (120, 4), (100, 5), (101, 5)] {
            calendar.set(margin + Int64(second))
            #expect(try keeper.credentials().accessKeyID == "1")
            #expect(source.count == count, "second \(second)")
        }
    }

    @Test
    func `many callers make one question`() {
        let source = NumberedSource(lifetime: 3600, calendar: calendar)
        let keeper = keeper(source)
        DispatchQueue.concurrentPerform(iterations: 16) { _ in
            #expect((try? keeper.credentials())?.accessKeyID == "1")
        }
        #expect(source.count == 1)
    }

    @Test
    func `refused ones are replaced once`() throws {
        let source = NumberedSource(lifetime: 3600, calendar: calendar)
        let keeper = keeper(source)
        let first = try keeper.credentials()
        #expect(try keeper.replacement(for: first)?.accessKeyID == "2")
        // Somebody else's refusal of the same ones finds the new ones there.
        #expect(try keeper.replacement(for: first)?.accessKeyID == "2")
        #expect(source.count == 2)
        let fixed = CredentialsKeeper(sources: [FixedCredentials(first)])
        #expect(try fixed.replacement(for: try fixed.credentials()) == nil)
    }

    @Test
    func `without any, all places are named`() {
        let keeper = CredentialsKeeper(sources: [EnvironmentCredentials(environment: [:])])
        let error = failure { try keeper.credentials() }
        #expect(error?.code == .denied && error?.message.contains("AWS_ACCESS_KEY_ID") == true)
    }

    @Test
    func `secrets don't print`() {
        let credentials = Credentials(
            accessKeyID: "AK",
            secretKey: Secret("canary"),
            sessionToken: Secret("canary")
        )
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in [
            "\(credentials)", String(reflecting: credentials), dumped, "\(Authorization.bearer(Secret("canary")))",
        ] {
            #expect(!text.contains("canary"))
        }
    }

    private func keeper(_ source: NumberedSource) -> CredentialsKeeper {
        let time = ManualTime()
        return CredentialsKeeper(
            sources: [source],
            clock: BucketFixture.clock(time: time, pauses: Pauses(), calendar: calendar)
        )
    }
}
