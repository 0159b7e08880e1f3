import ApusCore
import ApusProtocol
import ApusStorage
import ApusTesting
import Testing

struct PushTests {
    private let bench = PublishingBench()

    private func refusal(_ body: () throws -> Void) -> StorageError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StorageError
        }
    }

    @Test func `a pushed version consists of its files and a manifest that lists them`() throws {
        var request = try bench.request(["model.onnx": [1, 2, 3], "labels.txt": [], "golden/1.json": [7]])
        request.framework = "onnx"
        request.parent = ModelVersion(7)
        request.metrics = [.init(name: "accuracy", value: 0.5)]
        request.metadata = [.init("commit", .string("abc"))]
        request.inputs = [.object([.init("name", .string("x"))])]
        let pushed = try bench.publisher().push(request)
        #expect(pushed.version == PublishingBench.version(1))
        #expect(
            try bench.keys() == [
                "iris/1/apus-manifest.json", "iris/1/golden/1.json", "iris/1/labels.txt", "iris/1/model.onnx",
            ]
        )
        let text = try #require(try bench.bytes("iris/1/apus-manifest.json"))
        let read = try VersionManifest.read(text, expecting: PublishingBench.version(1))
        #expect(read.digest == pushed.digest)
        #expect(read.contents == pushed.manifest)
        #expect(read.contents.files.map(\.path) == ["golden/1.json", "labels.txt", "model.onnx"])
        #expect(read.contents.files[2].digest == SHA256Digest(of: [1, 2, 3]))
        #expect(read.contents.created == bench.now)
        #expect(read.contents.framework == "onnx")
    }

    @Test func `each version gets the next number, also after gaps and removed ones`() throws {
        let publisher = bench.publisher()
        #expect(try publisher.push(bench.request()).version.version.number == 1)
        var request = try bench.request()
        request.version = ModelVersion(7)
        request.label = PublishingBench.stable
        #expect(try publisher.push(request).version.version.number == 7)
        #expect(try publisher.push(bench.request()).version.version.number == 8)
        try publisher.promote(PublishingBench.version(8), to: PublishingBench.stable)
        try publisher.remove(PublishingBench.version(8), isForced: true)
        #expect(try publisher.push(bench.request()).version.version.number == 9)
    }

    @Test func `a number that is taken is refused with the next one`() throws {
        let publisher = bench.publisher()
        _ = try publisher.push(bench.request())
        var request = try bench.request(["model.onnx": [9]])
        request.version = .first
        let error = try #require(refusal { _ = try publisher.push(request) })
        #expect(error.code == .conditionFailed)
        #expect(error.message.contains("iris/1 is published already"))
        #expect(error.message.contains("as 2"))
        #expect(try bench.bytes("iris/1/model.onnx") == [1, 2, 3])
    }

    @Test(arguments: [true, false])
    func `a version that was copied by hand stays when its number is asked for`(checksConditions: Bool) throws {
        let store = MemoryObjectStore()
        let bench = PublishingBench(FailingStore(store, failsAt: .max, checksConditions: checksConditions))
        for name in ["model.onnx", "other"] {
            _ = try store.write([7, 7], to: #require(ObjectKey("iris/3/\(name)")), if: .always)
        }
        var request = try bench.request(["a": [1], "model.onnx": [1, 2, 3]])
        request.version = ModelVersion(3)
        let error = try #require(refusal { _ = try bench.publisher().push(request) })
        #expect(error.code == .conditionFailed)
        #expect(error.message.contains("iris/3/model.onnx") && error.message.contains("as 4"))
        #expect(try bench.keys() == ["iris/3/model.onnx", "iris/3/other"])
        #expect(try bench.bytes("iris/3/model.onnx") == [7, 7])
    }

    @Test func `a label moves with the push`() throws {
        var request = try bench.request()
        request.label = PublishingBench.stable
        _ = try bench.publisher().push(request)
        _ = try bench.publisher("ben").push(request)
        let pointer = try bench.publisher().history(of: PublishingBench.iris).moves
        #expect(pointer.map(\.to?.number) == [1, 2])
        #expect(pointer.map(\.by) == ["ann", "ben"])
    }

    @Test func `nothing is left of a push that fails before its manifest`() throws {
        let store = MemoryObjectStore()
        let bench = PublishingBench(FailingStore(store, failsAt: 6))
        let error = refusal { _ = try bench.publisher().push(bench.request(["a": [1], "b": [2], "c": [3]])) }
        #expect(error?.code == .unreachable)
        #expect(try bench.keys(in: store).isEmpty)
    }

    @Test func `a push that fails leaves what others have written in the meantime`() throws {
        let store = MemoryObjectStore()
        let meddled = FailingStore(store, failsAt: .max) { key in
            guard key.description == "iris/1/b" else { return }
            _ = try? store.write([7, 7], to: key, if: .always)
        }
        let bench = PublishingBench(meddled)
        let error = refusal { _ = try bench.publisher().push(bench.request(["a": [1], "b": [2], "c": [3]])) }
        #expect(error?.code == .conditionFailed)
        #expect(try bench.keys(in: store) == ["iris/1/b"])
        #expect(try bench.bytes("iris/1/b", in: store) == [7, 7])
    }

    @Test func `a push that dies leaves a claim that keeps its number, until it is old`() throws {
        let store = MemoryObjectStore()
        for calls in 3..<9 {
            let dying = bench.publisher("dead", to: FailingStore(store, failsAt: calls, isDead: true))
            #expect(throws: StorageError.self) { try dying.push(bench.request(["a": [1], "b": [2], "c": [3]])) }
        }
        let publisher = bench.publisher(to: store)
        let pushed = try publisher.push(bench.request())
        let published = try publisher.history(of: PublishingBench.iris).records.filter { $0.state == .published }
        #expect(published.map(\.version) == [pushed.version.version])
        #expect(try publisher.collectGarbage(.init()).isEmpty)
        bench.advance(25 * 3600)
        let wouldGo = try publisher.collectGarbage(.init(isDryRun: true))
        #expect(!wouldGo.isEmpty)
        #expect(try publisher.collectGarbage(.init()) == wouldGo)
        #expect(
            try bench.keys(in: store) == ["\(pushed.version)/apus-manifest.json", "\(pushed.version)/model.onnx"]
        )
    }

    @Test func `what can't be published is refused before anything is written`() throws {
        var cases: [PushRequest] = []
        cases.append(PushRequest(model: PublishingBench.iris, files: []))
        for path in ["../x", "/x", "apus-manifest.json", "apus-push.json", "a//b"] {
            let source = try bench.folder.write("m", [1])
            cases.append(PushRequest(model: PublishingBench.iris, files: [.init(path: path, source: source)]))
        }
        cases.append(PushRequest(model: PublishingBench.iris, files: [.init(path: "x", source: bench.folder.path)]))
        var infinite = try bench.request()
        infinite.metrics = [.init(name: "x", value: .infinity)]
        cases.append(infinite)
        for request in cases {
            #expect(refusal { _ = try bench.publisher().push(request) } != nil)
            #expect(try bench.keys().isEmpty)
        }
    }

    @Test func `a signed and encrypted version shows nothing of its files`() throws {
        let plain = Array("a secret model, word by word".utf8)
        var request = try bench.request(["model.onnx": plain, "config.pbtxt": Array("max_batch_size: 1".utf8)])
        request.signingKey = try SignedManifests.signingKey()
        request.encryptionKey = EncryptionKey(id: KeyID("k")!, secret: Secret(Array(repeating: 1, count: 32)))
        let pushed = try bench.publisher().push(request)
        let stored = try #require(try bench.bytes("iris/1/model.onnx"))
        #expect(stored.count == FileCipher.sealedByteCount(ofPlain: plain.count))
        #expect(!stored.contains(plain))
        #expect(try bench.bytes("iris/1/config.pbtxt") == Array("max_batch_size: 1".utf8))
        let file = try #require(pushed.manifest.files.last)
        #expect(file.encryption == .init(keyID: "k", plainByteCount: plain.count))
        let text = try #require(try bench.bytes("iris/1/apus-manifest.json"))
        let policy = SignaturePolicy(.required, trusted: try SignedManifests.trusted())
        _ = try policy.verify(VersionManifest.read(text, expecting: pushed.version))
        let keys = DecryptionKeys(environment: ["APUS_KEY_K": String(repeating: "01", count: 32)])
        var opened: [UInt8] = []
        try FileCipher.decrypt(
            MemoryFile(stored),
            byteCount: stored.count,
            path: "model.onnx",
            name: "iris/1/model.onnx",
            keys: keys
        ) { opened += $0 }
        #expect(opened == plain)
        // Nothing of ours stays in the folder for such.
        #expect(try SystemFiles().names(in: bench.folder.path).allSatisfy { $0.hasPrefix("push-") })
    }

    @Test func `a folder is pushed without what is hidden, and its only model gets the usual name`() throws {
        let files = ["net.onnx", "net.data", ".git/config", "sub/a", "apus-manifest.json", "apus-push.json"]
        for name in files { try bench.folder.write("dir/\(name)", [1]) }
        let found = try PushSource.files(at: "\(bench.folder.path)/dir", on: SystemFiles())
        #expect(found.map(\.path) == ["model.onnx", "net.data", "sub/a"])
        let file = try PushSource.files(at: "\(bench.folder.path)/dir/net.onnx", on: SystemFiles())
        #expect(file.map(\.path) == ["model.onnx"])
        let other = try PushSource.files(at: "\(bench.folder.path)/dir/net.data", on: SystemFiles())
        #expect(other.map(\.path) == ["net.data"])
    }

    @Test func `links aren't followed, and nothing is no model`() throws {
        try bench.folder.write("dir/model.onnx", [1])
        try bench.folder.link("dir/weights", to: "/etc/passwd")
        for path in ["dir", "absent"] {
            #expect(throws: StorageError.self) {
                try PushSource.files(at: "\(bench.folder.path)/\(path)", on: SystemFiles())
            }
        }
        try bench.folder.write("empty/.hidden", [1])
        #expect(throws: StorageError.self) {
            try PushSource.files(at: "\(bench.folder.path)/empty", on: SystemFiles())
        }
    }
}
