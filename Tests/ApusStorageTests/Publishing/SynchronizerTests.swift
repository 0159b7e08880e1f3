import ApusCore
import ApusStorage
import ApusTesting
import Testing

struct SynchronizerTests {
    private let bench = PublishingBench()
    private let target = MemoryObjectStore(location: "memory://target")

    private func fill() throws {
        for number in 1...3 {
            var request = try bench.request([
                "model.onnx": [UInt8(number)], "golden/1.json": [7], "config.pbtxt": [UInt8(number)],
            ])
            request.label = PublishingBench.stable
            _ = try bench.publisher().push(request)
        }
        try bench.store.write([5], to: ObjectKey("iris/config.pbtxt")!, if: .always)
    }

    private func synchronizer(_ store: (any ObjectStore)? = nil) -> Synchronizer {
        Synchronizer(from: bench.publisher(), to: bench.publisher("sync", to: store ?? target))
    }

    private func contents(_ store: any ObjectStore) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for key in try bench.keys(in: store) { contents[key] = try bench.bytes(key, in: store) }
        return contents
    }

    @Test func `everything that is published is copied, and nothing twice`() throws {
        try fill()
        let report = try synchronizer().run()
        #expect(report.copied.count == 3)
        #expect(report.fileCount == 10)
        #expect(report.refused.isEmpty)
        #expect(try contents(target) == contents(bench.store))
        let before = try target.list("", limit: 100)
        let again = try synchronizer().run(PublishingBench.iris)
        #expect(again.copied.isEmpty)
        #expect(again.present.count == 3)
        #expect(again.labelled.isEmpty)
        #expect(try target.list("", limit: 100) == before)
    }

    @Test func `a file that is missing or of another size at the target is written anew`() throws {
        try fill()
        _ = try synchronizer().run()
        let keys = try bench.keys(in: target).filter { $0.hasPrefix("iris/") && $0.hasSuffix("model.onnx") }
        #expect(keys.count > 1)
        try target.remove(ObjectKey(keys[0])!)
        try target.write([1, 1], to: ObjectKey(keys[1])!, if: .always)
        let report = try synchronizer().run()
        #expect(report.mended.count == 2 && report.copied.isEmpty && report.fileCount == 2)
        #expect(try contents(target) == contents(bench.store))
    }

    @Test func `cut at any call, nothing half is seen and the next run goes on`() throws {
        try fill()
        var cut = 1
        while true {
            let target = MemoryObjectStore(location: "memory://target")
            do {
                _ = try synchronizer(FailingStore(target, failsAt: cut, isDead: true)).run()
            } catch {
                let seen = bench.publisher(to: target)
                #expect(try seen.verify().findings.isEmpty)
                #expect(
                    try contents(target).keys.filter { $0.hasSuffix("manifest.json") }.allSatisfy { key in
                        try contents(target)[key] == contents(bench.store)[key]
                    }
                )
                #expect(try synchronizer(target).run().refused.isEmpty)
                #expect(try contents(target) == contents(bench.store))
                cut += 1
                continue
            }
            break
        }
        #expect(cut > 40)
    }

    @Test func `a file that came damaged is written anew`() throws {
        try fill()
        try target.write([9], to: ObjectKey("iris/1/model.onnx")!, if: .always)
        #expect(try synchronizer().run().refused.isEmpty)
        #expect(try bench.publisher(to: target).verify().findings.isEmpty)
    }

    @Test func `a version that differs is refused by name, the others come, the labels stay`() throws {
        try fill()
        _ = try bench.publisher(to: target).push(bench.request(["model.onnx": [99]]))
        let report = try synchronizer().run()
        #expect(report.refused.map(\.place) == ["iris/1"])
        #expect(report.refused.first?.message.contains("another manifest") == true)
        #expect(report.copied.map(\.version.number) == [2, 3])
        #expect(report.labelled.isEmpty)
        #expect(try bench.bytes("iris/1/model.onnx", in: target) == [99])
    }

    @Test func `a damaged or unsigned source isn't copied`() throws {
        try fill()
        try bench.store.write([0], to: ObjectKey("iris/2/model.onnx")!, if: .always)
        let report = try synchronizer().run()
        #expect(report.refused.map(\.place) == ["iris/2"])
        #expect(try bench.bytes("iris/2/apus-manifest.json", in: target) == nil)
        let policy = SignaturePolicy(.required, trusted: try SignedManifests.trusted())
        let strict = Synchronizer(
            from: bench.publisher(),
            to: bench.publisher(to: MemoryObjectStore()),
            policy: policy
        )
        #expect(try strict.run().refused.count == 3)
    }

    @Test func `a push that isn't through stays where it is`() throws {
        try fill()
        let dying = bench.publisher("dead", to: FailingStore(bench.store, failsAt: 6, isDead: true))
        #expect(throws: StorageError.self) { try dying.push(bench.request(["a": [1], "b": [2]])) }
        #expect(try synchronizer().run().refused.isEmpty)
        #expect(try !bench.keys(in: target).contains { $0.hasPrefix("iris/4/") })
    }
}
