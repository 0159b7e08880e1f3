import ApusCore
import ApusS3
import ApusStorage
import ApusTesting
import Synchronization

/// A store over a fake bucket, on manual time: pauses move the clock.
struct BucketFixture {
    let bucket = FakeBucket()
    let server: FakeServer
    let store: S3Store
    let time = ManualTime()
    let pauses = Pauses()
    /// What the store's calendar says, in seconds since 1970.
    let calendar: CalendarBox

    init(
        prefix: String = "",
        connections: HTTPConnections = TestConnections.shared,
        configure: (inout S3Store.Configuration) -> Void = { _ in }
    ) throws {
        let bucket = bucket
        server = try FakeServer { bucket.answer($0) }
        calendar = CalendarBox(1_769_903_999)
        let keeper = CredentialsKeeper(sources: [
            FixedCredentials(
                Credentials(
                    accessKeyID: FakeBucket.accessKeyID,
                    secretKey: Secret(FakeBucket.secretKey),
                    sessionToken: Secret(FakeBucket.token)
                )
            )
        ])
        var configuration = S3Store.Configuration(
            bucket: FakeBucket.name,
            prefix: prefix,
            endpoint: S3Endpoint(
                origin: HTTPOrigin(isSecure: false, host: "127.0.0.1", port: server.port),
                addressing: .automatic,
                bucket: FakeBucket.name
            ),
            region: "us-east-1",
            authorization: .signed(keeper)
        )
        configuration.pieceBytes = 1000
        configure(&configuration)
        let clock = BucketFixture.clock(time: time, pauses: pauses, calendar: calendar)
        let random: @Sendable () -> any RandomNumberGenerator & Sendable = { SeededGenerator(seed: 1) }
        store = S3Store(configuration, connections: connections, clock: clock, makeGenerator: random)
    }

    static func clock(time: ManualTime, pauses: Pauses, calendar: CalendarBox) -> StoreClock {
        let pause: @Sendable (Int64) -> Void = { nanoseconds in
            pauses.all.withLock { $0.append(nanoseconds) }
            time.advance(byNanoseconds: nanoseconds)
        }
        return StoreClock(monotonic: time, calendar: { calendar.value }, pause: pause)
    }

    func key(_ text: String) -> ObjectKey {
        guard let key = ObjectKey(text) else { preconditionFailure("\(text) is no key") }
        return key
    }
}

/// The pauses that a store made.
final class Pauses: Sendable {
    let all = Mutex<[Int64]>([])
    var count: Int { all.withLock { $0.count } }
}

/// A calendar that tests set.
final class CalendarBox: Sendable {
    private let seconds: Mutex<Int64>

    init(_ seconds: Int64) {
        self.seconds = Mutex(seconds)
    }

    var value: CalendarTime { CalendarTime(secondsSince1970: seconds.withLock { $0 }) }

    func set(_ value: Int64) {
        seconds.withLock { $0 = value }
    }
}

/// One client for all tests, as in a process.
enum TestConnections {
    static let shared = HTTPConnections()
}
