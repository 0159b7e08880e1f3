import ApusS3
import ApusStorage
import ApusTesting
import Synchronization
import Testing

/// Files behind a web server that knows ranges and tags.
private final class Website: Sendable {
    let files = Mutex<[String: [UInt8]]>([:])
    let hasTags = Mutex(true)
    let requests = Mutex<[FakeRequest]>([])
    let mending = Mutex<(@Sendable (FakeAnswer) -> FakeAnswer)?>(nil)

    func answer(_ request: FakeRequest) -> FakeAnswer {
        requests.withLock { $0.append(request) }
        let answer = plainAnswer(request)
        return mending.withLock { $0 }?(answer) ?? answer
    }

    func put(_ key: String, _ bytes: [UInt8]) {
        files.withLock { $0[key] = bytes }
    }

    private func plainAnswer(_ request: FakeRequest) -> FakeAnswer {
        guard let path = PercentEncoding.decode(request.path.replacing("+", with: "%2B")), path.hasPrefix("/base/")
        else {
            return FakeAnswer(status: 404)
        }
        let key = String(path.utf8.dropFirst(6)) ?? ""
        let all = files.withLock { $0 }
        let bytes = key == WebIndex.filename && all[key] == nil ? index(all) : all[key]
        guard let bytes else { return FakeAnswer(status: 404) }
        let tag = FakeBucket.md5(bytes)
        var answer = FakeAnswer(fields: [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")], body: bytes)
        if hasTags.withLock({ $0 }) { answer.fields.append(("ETag", "\"\(tag)\"")) }
        if request["if-none-match"] == "\"\(tag)\"" { return FakeAnswer(status: 304) }
        if let wanted = request["if-match"], wanted != "\"\(tag)\"" { return FakeAnswer(status: 412) }
        guard let range = request["range"] else { return answer }
        let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] < bytes.count else { return FakeAnswer(status: 416) }
        let last = min(ends[1], bytes.count - 1)
        answer.status = 206
        answer.body = Array(bytes[ends[0]...last])
        answer.fields.append(("Content-Range", "bytes \(ends[0])-\(last)/\(bytes.count)"))
        return answer
    }

    private func index(_ all: [String: [UInt8]]) -> [UInt8] {
        let objects = all.compactMap { name, bytes in
            ObjectKey(name).map {
                StoredObject(
                    key: $0,
                    byteCount: bytes.count,
                    tag: EntityTag(FakeBucket.md5(bytes)),
                    modified: 784_111_777
                )
            }
        }
        return WebIndex.write(objects, keepsTags: hasTags.withLock { $0 })
    }
}

@Suite
struct HTTPObjectStoreTests {
    private let site = Website()
    private let server: FakeServer

    init() throws {
        let site = site
        server = try FakeServer { site.answer($0) }
    }

    @Test
    func `does what every object store must`() throws {
        let site = site
        var configuration = ObjectStoreConformance.Configuration()
        configuration.manyCount = 200
        configuration.largeByteCount = 1 << 20
        let conformance = ObjectStoreConformance(of: try store(), configuration: configuration) { key, bytes in
            site.put(key.description, bytes)
        }
        #expect(try conformance.checkAll().count == 1)
    }

    @Test
    func `without tags, time and size tell states apart`() throws {
        site.hasTags.withLock { $0 = false }
        site.put("k", [UInt8](repeating: 1, count: 5000))
        let store = try store()
        let object = try #require(try store.list("", limit: 10).first)
        #expect(try store.describe(object.key) == object)
        let file = MemoryFile()
        try store.fetch(object, into: file, progress: FetchProgress())
        #expect(file.bytes.count == 5000)
        guard case .unchanged = try store.read(object.key, byteLimit: 5000, unless: object.tag) else {
            Issue.record("a known state was given again")
            return
        }
        let older = StoredObject(key: object.key, byteCount: 5000, tag: EntityTag("modified-784111776-5000"))
        #expect(code { try store.fetch(older, into: file, progress: FetchProgress()) } == .changed)
    }

    @Test
    func `a folder without an index says what it lacks`() throws {
        let empty = try FakeServer { _ in FakeAnswer(status: 404) }
        let store = try HTTPObjectStore(.init(address: "\(empty.url)/x"), connections: TestConnections.shared)
        let error = failure { try store.list("", limit: 10) }
        #expect(error?.code == .notFound && error?.message.contains("apus-index.json") == true)
    }

    @Test
    func `nothing can be written`() throws {
        let store = try store()
        let key = try #require(ObjectKey("k"))
        #expect(store.abilities == ObjectStoreAbilities(writes: false, checksConditions: false))
        #expect(code { try store.write([], to: key, if: .always) } == .unsupported)
        #expect(code { try store.remove(key) } == .unsupported)
        #expect(code { try store.upload(MemoryFile(), byteCount: 0, to: key, if: .always) } == .unsupported)
    }

    @Test
    func `one file is a store of one object`() throws {
        site.put("a b.onnx", [1, 2, 3])
        let configuration = try HTTPObjectStore.Configuration(
            address: "\(server.url)/base/a%20b.onnx?signature=canary",
            isSingle: true
        )
        let store = try HTTPObjectStore(configuration, connections: TestConnections.shared)
        #expect(!store.location.contains("canary"))
        let objects = try store.list("", limit: 1)
        #expect(objects.map(\.key.description) == ["a b.onnx"] && objects.first?.byteCount == 3)
        let file = MemoryFile()
        try store.fetch(try #require(objects.first), into: file, progress: FetchProgress())
        #expect(file.bytes == [1, 2, 3])
        #expect(try store.describe(try #require(ObjectKey("other"))) == nil)
        #expect(site.requests.withLock { $0.last?.query } == "signature=canary")
        site.mending.withLock { $0 = { _ in FakeAnswer(status: 403) } }
        let error = failure { try store.list("", limit: 1) }
        #expect(error?.code == .denied && error?.message.contains("canary") == false)
    }

    @Test(arguments: [
        "ftp://host/x", "host/x", "http://", "http:///x", "http://user:canary@host/x", "http://host/a b",
        "http://host/#f",
        "http://host/folder?query", "http://host:0/x", "http://host:x/",
    ])
    func `addresses that can't be right are refused`(address: String) {
        let error = failure { try HTTPObjectStore.Configuration(address: address) }
        #expect(error?.code == .invalid && error?.message.contains("canary") == false)
    }

    @Test
    func `redirects and compressed bodies are refused with words`() throws {
        site.put("k", [1, 2, 3])
        let store = try store()
        let key = try #require(ObjectKey("k"))
        site.mending.withLock {
            $0 = { _ in FakeAnswer(status: 302, fields: [("location", "http://169.254.169.254/")]) }
        }
        #expect(failure { try store.read(key, byteLimit: 10, unless: nil) }?.message.contains("redirects") == true)
        site.mending.withLock { mending in
            mending = { answer in
                var answer = answer
                answer.fields.append(("Content-Encoding", "gzip"))
                return answer
            }
        }
        #expect(code { try store.read(key, byteLimit: 10, unless: nil) } == .unsupported)
    }

    @Test(arguments: [
        "", "{}", "[1]", "[{\"key\":1,\"size\":1}]", "[{\"key\":\"a\"}]", "[{\"key\":\"a\",\"size\":-1}]",
        "[{\"key\":\"a\",\"size\":1e30}]", "[{\"key\":\"a\",\"size\":1.5}]", String(repeating: "[", count: 100_000),
    ])
    func `what is no index is refused`(text: String) {
        #expect(code { try WebIndex.read(Array(text.utf8), from: "x") } == .damaged)
    }

    @Test
    func `an index comes back as it was written, without keys that escape`() throws {
        let objects = try ["b", "a/1/ü \"", "a"].enumerated().map { number, name in
            StoredObject(
                key: try #require(ObjectKey(name)),
                byteCount: number,
                tag: EntityTag("t\(number)"),
                modified: number == 1 ? nil : 5
            )
        }
        let bytes = WebIndex.write(objects, keepsTags: true)
        #expect(try WebIndex.read(bytes, from: "x") == objects.sorted { $0.key < $1.key })
        let text = "[{\"key\":\"../x\",\"size\":1},{\"key\":\"/x\",\"size\":1},{\"key\":\"ok\",\"size\":1,\"more\":{}}]"
        #expect(try WebIndex.read(Array(text.utf8), from: "x").map(\.key.description) == ["ok"])
    }

    private func store() throws -> HTTPObjectStore {
        var configuration = try HTTPObjectStore.Configuration(address: "\(server.url)/base/")
        configuration.pieceBytes = 30_000
        return try HTTPObjectStore(configuration, connections: TestConnections.shared)
    }
}
