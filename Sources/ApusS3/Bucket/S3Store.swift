package import ApusStorage
internal import NIOCore
internal import Synchronization

/// A bucket of AWS, or of anything that speaks its protocol, as an object store.
package final class S3Store: ObjectStore {
    /// What differs between stores.
    package struct Configuration: Sendable {
        /// The bucket.
        package var bucket: String
        /// What comes before all keys, without slashes at its ends; may be empty.
        package var prefix: String
        /// Where the bucket is.
        package var endpoint: S3Endpoint
        /// What is signed for, until the server says otherwise.
        package var region: String
        /// How requests are allowed.
        package var authorization: Authorization
        /// How patient calls are.
        package var retries = RetryPlan.Limits()
        /// Told once of each call that goes on failing, after some attempts, with a sentence for whoever waits.
        package var onTrouble: (@Sendable (String) -> Void)?
        /// Objects up to this size are read and written in one piece, larger ones in pieces of this size, in bytes.
        package var pieceBytes = 16 << 20
        /// How many pieces are under way at a time.
        package var parallelPieces = 4
        /// Whether writes carry `x-amz-checksum-sha256`, which AWS keeps and gives back, and which some others refuse.
        package var sendsChecksums: Bool
        /// How long a lock object is left alone before it is believed, in nanoseconds, where conditions aren't checked.
        package var lockPause: Int64 = 300_000_000

        /// Describes a store.
        package init(
            bucket: String,
            prefix: String = "",
            endpoint: S3Endpoint,
            region: String,
            authorization: Authorization
        ) {
            self.bucket = bucket
            self.prefix = prefix
            self.endpoint = endpoint
            self.region = region
            self.authorization = authorization
            self.sendsChecksums = endpoint.isAWS
        }
    }

    /// Makes random numbers, for pauses and marks.
    package typealias MakeGenerator = @Sendable () -> any RandomNumberGenerator & Sendable

    /// What the server has taught.
    struct Learnt {
        var region: String
        /// What is added to our clock for signatures, in seconds.
        var clockOffset: Int64 = 0
        /// `nil` before it has been tried.
        var checksConditions: Bool?
        var ignoresRanges = false
    }

    package let location: String
    let configuration: Configuration
    let connections: HTTPConnections
    let clock: StoreClock
    let makeGenerator: MakeGenerator
    let learnt: Mutex<Learnt>

    /// Describes a bucket; it isn't asked yet.
    package init(
        _ configuration: Configuration,
        connections: HTTPConnections,
        clock: StoreClock = .system,
        makeGenerator: @escaping MakeGenerator = { SystemRandomNumberGenerator() }
    ) {
        self.configuration = configuration
        self.connections = connections
        self.clock = clock
        self.makeGenerator = makeGenerator
        self.learnt = Mutex(Learnt(region: configuration.region))
        let prefix = configuration.prefix.isEmpty ? "" : "/\(configuration.prefix)"
        self.location = "s3://\(configuration.bucket)\(prefix)"
    }

    /// What it can do, as far as it is known: whether conditions are checked is found out with the first that is set.
    package var abilities: ObjectStoreAbilities {
        ObjectStoreAbilities(writes: true, checksConditions: learnt.withLock { $0.checksConditions ?? true })
    }

    /// The whole key in the bucket.
    func fullKey(_ key: String) -> String {
        configuration.prefix.isEmpty ? key : "\(configuration.prefix)/\(key)"
    }
}
