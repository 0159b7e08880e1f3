import ApusS3
import ApusStorage
import ApusTesting
import Foundation
import Testing

/// A store that `scripts/storage-servers` has started: `NAME=URL,ACCESS KEY,SECRET KEY,BUCKET`.
struct RealStore: Sendable, CustomStringConvertible {
    let name: String
    let url: String
    let accessKey: String
    let secretKey: String
    let bucket: String

    var description: String { name }

    init?(_ entry: Substring) {
        let parts = entry.split(separator: "=", maxSplits: 1)
        guard let name = parts.first, let facts = parts.last?.split(separator: ","), facts.count == 4 else {
            return nil
        }
        self.name = String(name)
        url = String(facts[0])
        accessKey = String(facts[1])
        secretKey = String(facts[2])
        bucket = String(facts[3])
    }

    static let all: [RealStore] = (ProcessInfo.processInfo.environment["APUS_TEST_STORES"] ?? "")
        .split(separator: " ").compactMap { RealStore($0) }

    /// The variables by which a user would name it.
    func environment(secret: String? = nil) -> [String: String] {
        [
            "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secret ?? secretKey, "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1",
        ]
    }

    func open(_ prefix: String, secret: String? = nil) throws -> S3Store {
        var configuration = try S3StoreConfiguration(
            address: "s3://\(bucket)/\(prefix)",
            surroundings: Surroundings(environment: environment(secret: secret)),
            connections: TestConnections.shared
        ).store
        configuration.pieceBytes = 5 << 20
        return S3Store(configuration, connections: TestConnections.shared)
    }
}

/// Against real servers: `scripts/storage-servers -- swift test --filter RealStoreTests`.
@Suite(
    .enabled(if: !RealStore.all.isEmpty, "APUS_TEST_STORES names no server: run it through scripts/storage-servers"),
    .serialized
)
struct RealStoreTests {
    @Test(arguments: RealStore.all)
    func `does what every object store must`(real: RealStore) throws {
        var configuration = ObjectStoreConformance.Configuration()
        configuration.largeByteCount = 12 << 20
        // Where a lock object stands in for conditions, a race takes seconds.
        configuration.races = 4
        let store = try real.open("conformance \(UInt32.random(in: 0...(.max)))")
        let skipped = try ObjectStoreConformance(of: store, configuration: configuration).checkAll()
        print("\(real.name): \(skipped)")
    }
}
