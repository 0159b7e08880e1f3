import ApusCore
import ApusS3
import ApusStorage
import Foundation
import Testing

/// How long fetching one object takes, beside `curl -o` on the same address: only when APUS_TEST_SPEED_URL names one.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["APUS_TEST_SPEED_URL"] != nil,
        "APUS_TEST_SPEED_URL names no object, such as http://127.0.0.1:8080/1GB.bin"
    )
)
struct SpeedTests {
    @Test
    func fetches() throws {
        let url = try #require(ProcessInfo.processInfo.environment["APUS_TEST_SPEED_URL"])
        let configuration = try HTTPObjectStore.Configuration(address: url, isSingle: true)
        let store = try HTTPObjectStore(configuration, connections: TestConnections.shared)
        let object = try #require(try store.list("", limit: 1).first)
        let path = "\(FileManager.default.temporaryDirectory.path)/apus-speed-\(UInt64.random(in: 0...(.max)))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try SystemFiles().open(path, .new)
        let started = SystemTime().now
        try store.fetch(object, into: file, progress: FetchProgress())
        let nanoseconds = SystemTime().now.nanoseconds(since: started)
        #expect(try file.byteCount() == object.byteCount)
        print("fetched \(object.byteCount) bytes in \(Double(nanoseconds) / 1e9) s")
    }
}
