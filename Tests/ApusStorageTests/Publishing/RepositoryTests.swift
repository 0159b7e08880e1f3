import ApusCore
import ApusStorage
import ApusTesting
import Testing

/// What is done with versions once they are published: labels, history, pull, verify, removal.
struct RepositoryTests {
    private let bench = PublishingBench()

    private func push(_ count: Int, label: VersionLabel? = nil) throws {
        for number in 1...count {
            var request = try bench.request(["model.onnx": [UInt8(number)], "data/w.bin": [9, UInt8(number)]])
            request.label = label
            _ = try bench.publisher().push(request)
            bench.advance(10)
        }
    }

    private func refusal(_ body: () throws -> Void) -> StorageError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StorageError
        }
    }

    private func damage(_ key: String, _ bytes: [UInt8]) throws {
        try bench.store.write(bytes, to: ObjectKey(key)!, if: .always)
    }

    @Test func `labels are promoted and rolled back, and only to what is published`() throws {
        try push(3)
        let publisher = bench.publisher()
        #expect(try publisher.promote(PublishingBench.version(1), to: PublishingBench.stable) == nil)
        #expect(try publisher.promote(PublishingBench.version(3), to: PublishingBench.stable)?.number == 1)
        let error = refusal { try publisher.promote(PublishingBench.version(4), to: PublishingBench.stable) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("published: 1, 2, 3") == true)
        #expect(try publisher.rollBack(PublishingBench.stable, of: PublishingBench.iris).number == 1)
        let history = try publisher.history(of: PublishingBench.iris)
        #expect(history.moves.map(\.to?.number) == [1, 3, 1])
        #expect(history.records.map { $0.labels.count } == [1, 0, 0])
        #expect(history.records.map(\.byteCount) == [3, 3, 3])
        #expect(history.records.map(\.state) == [.published, .published, .published])
    }

    @Test func `sizes that no disk has are counted as far as that goes`() throws {
        let bench = PublishingBench(BoastingStore())
        let history = try bench.publisher().history(of: PublishingBench.iris)
        #expect(history.records.map(\.byteCount) == [.max])
        let garbage = try bench.publisher().collectGarbage(.init(isDryRun: true))
        #expect(garbage.map(\.byteCount).saturatingSum == .max)
    }

    @Test func `a label doesn't roll back to what was removed`() throws {
        try push(3)
        let publisher = bench.publisher()
        try publisher.promote(PublishingBench.version(1), to: PublishingBench.stable)
        try publisher.promote(PublishingBench.version(2), to: PublishingBench.stable)
        try publisher.remove(PublishingBench.version(1))
        #expect(
            refusal { _ = try publisher.rollBack(PublishingBench.stable, of: PublishingBench.iris) }?.code == .notFound
        )
        #expect(try publisher.history(of: PublishingBench.iris).moves.count == 2)
    }

    @Test func `what is live isn't removed unless it is forced`() throws {
        try push(3)
        let publisher = bench.publisher()
        try publisher.promote(PublishingBench.version(1), to: PublishingBench.stable)
        for number: Int64 in [1, 3] {
            let error = refusal { try publisher.remove(PublishingBench.version(number)) }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("--force") == true)
        }
        try publisher.remove(PublishingBench.version(2))
        try publisher.remove(PublishingBench.version(1), isForced: true)
        #expect(try publisher.history(of: PublishingBench.iris).records.map(\.version.number) == [3])
        #expect(try publisher.history(of: PublishingBench.iris).moves.last?.to == nil)
        #expect(refusal { try publisher.remove(PublishingBench.version(1)) }?.code == .notFound)
        #expect(try bench.keys().filter { $0.hasPrefix("iris/1/") || $0.hasPrefix("iris/2/") }.isEmpty)
    }

    @Test func `a version that is being removed never looks like one that was copied by hand`() throws {
        for calls in 1..<20 {
            let store = MemoryObjectStore()
            let bench = PublishingBench(store)
            for _ in 0..<2 { _ = try bench.publisher().push(bench.request()) }
            let dying = bench.publisher(to: FailingStore(store, failsAt: calls, isDead: true))
            let error = refusal { try dying.remove(PublishingBench.version(1)) }
            let record = try bench.publisher().history(of: PublishingBench.iris).records.first
            #expect(record?.version.number == 2 || record?.state != .unmanaged)
            if error == nil { return }
        }
        Issue.record("the removal never came to an end")
    }

    @Test func `a version is pulled whole, and only into an empty folder`() throws {
        try push(1)
        let folder = "\(bench.folder.path)/new/pulled"
        let manifest = try bench.publisher().pull(PublishingBench.version(1), into: folder)
        let files = SystemFiles()
        #expect(try files.names(in: folder) == ["apus-manifest.json", "data", "model.onnx"])
        #expect(try files.openForReading("\(folder)/data/w.bin").readAll(byteLimit: 10) == [9, 1])
        #expect(manifest.files.count == 2)
        #expect(refusal { try bench.publisher().pull(PublishingBench.version(1), into: folder) }?.code == .inUse)
        // What was pulled can be pushed.
        let again = PushRequest(model: PublishingBench.iris, files: try PushSource.files(at: folder, on: files))
        #expect(try bench.publisher().push(again).manifest.files == manifest.files)
    }

    @Test func `encrypted files are decrypted by a pull that has the key`() throws {
        var request = try bench.request(["model.onnx": [1, 2, 3]])
        request.encryptionKey = EncryptionKey(id: KeyID("k")!, secret: Secret(Array(repeating: 1, count: 32)))
        _ = try bench.publisher().push(request)
        let keys = DecryptionKeys(environment: ["APUS_KEY_K": String(repeating: "01", count: 32)])
        let folder = "\(bench.folder.path)/pulled"
        try bench.publisher().pull(PublishingBench.version(1), into: folder, keys: keys)
        let files = SystemFiles()
        #expect(try files.openForReading("\(folder)/model.onnx").readAll(byteLimit: 10) == [1, 2, 3])
        let wrong = DecryptionKeys(environment: ["APUS_KEY_K": String(repeating: "02", count: 32)])
        let error = refusal {
            try bench.publisher().pull(PublishingBench.version(1), into: "\(bench.folder.path)/other", keys: wrong)
        }
        #expect(error?.code == .undecryptable)
        #expect(error?.message.contains("iris/1/model.onnx") == true)
        try bench.publisher().pull(PublishingBench.version(1), into: "\(bench.folder.path)/sealed")
        let sealed = try files.openForReading("\(bench.folder.path)/sealed/model.onnx").readAll(byteLimit: 1000)
        #expect(sealed.count == FileCipher.sealedByteCount(ofPlain: 3))
    }

    @Test(
        arguments: [
            ("iris/1/model.onnx", [0], "iris/1/model.onnx is damaged"),
            ("iris/1/model.onnx", [1, 1], "iris/1/model.onnx has 2 bytes"),
            ("iris/1/data/w.bin", [9, 0], "iris/1/data/w.bin is damaged"),
            ("iris/1/apus-manifest.json", Array("{}".utf8), "iris/1/apus-manifest.json"),
            ("iris/apus-labels.json", Array("{\"stable\": 9}".utf8), "'stable' points to version 9"),
        ] as [(String, [UInt8], String)]
    )
    func `a verification names what is wrong`(_ key: String, _ bytes: [UInt8], _ words: String) throws {
        try push(1)
        let good = try bench.publisher().verify()
        #expect(good.findings.isEmpty)
        #expect((good.versionCount, good.fileCount, good.byteCount) == (1, 2, 3))
        try damage(key, bytes)
        let findings = try bench.publisher().verify(PublishingBench.iris).findings
        #expect(findings.count == 1)
        #expect(findings.first?.message.contains(words) == true, "\(findings)")
        guard !key.contains("labels") else { return }
        let error = refusal {
            try bench.publisher().pull(PublishingBench.version(1), into: "\(bench.folder.path)/pulled")
        }
        #expect(error?.code == .damaged)
    }

    @Test func `missing files and signatures are found`() throws {
        try push(1)
        try bench.store.remove(ObjectKey("iris/1/model.onnx")!)
        #expect(try bench.publisher().verify().findings.first?.message.contains("is missing") == true)
        let policy = SignaturePolicy(.required, trusted: try SignedManifests.trusted())
        let findings = try bench.publisher().verify(policy: policy).findings
        #expect(findings.map(\.place) == ["iris/1/apus-manifest.json"])
        #expect(refusal { _ = try bench.publisher().verify(ModelName("other")!) }?.message.contains("'iris'") == true)
    }

    @Test func `versions beyond the newest ones go, except what a label points to`() throws {
        try push(5)
        let publisher = bench.publisher()
        try publisher.promote(PublishingBench.version(2), to: PublishingBench.stable)
        let gone = try publisher.collectGarbage(.init(keptVersions: 2))
        #expect(gone.map(\.name) == ["iris/1", "iris/3"])
        #expect(try publisher.history(of: PublishingBench.iris).records.map(\.version.number) == [2, 4, 5])
    }

    @Test func `what was copied by hand stays`() throws {
        try damage("copied/1/model.onnx", [1])
        try damage("copied/config.pbtxt", [1])
        try push(1)
        try damage("iris/1/leftover", [1])
        bench.advance(48 * 3600)
        let gone = try bench.publisher().collectGarbage(.init())
        #expect(gone.map(\.name) == ["iris/1/leftover"])
        #expect(try bench.keys().contains("copied/1/model.onnx"))
        #expect(try bench.publisher().verify().remarks.map(\.place) == ["copied/1"])
    }
}
