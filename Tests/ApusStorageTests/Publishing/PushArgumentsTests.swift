import ApusCore
import ApusProtocol
import ApusStorage
import ApusTesting
import Testing

struct PushArgumentsTests {
    private func request() -> PushRequest { PushRequest(model: PublishingBench.iris, files: []) }

    @Test func `metrics and metadata come as words and as a file`() throws {
        var request = request()
        try request.addMetric("accuracy=0.97")
        try request.addMetric("loss=1e-3")
        try request.addMetadata("commit=a=b")
        try request.addMetadata("run.json", fileContents: Array(#"{"epochs": 3, "tags": ["a"]}"#.utf8))
        #expect(request.metrics == [.init(name: "accuracy", value: 0.97), .init(name: "loss", value: 0.001)])
        #expect(request.metadata["commit"] == .string("a=b"))
        #expect(request.metadata["epochs"] == .integer(3))
        #expect(request.metadata["tags"] == .array([.string("a")]))
        request.addInput(name: "x", datatype: "FP32", shape: [-1, 4])
        #expect(
            request.inputs == [
                .object([
                    .init("name", .string("x")), .init("datatype", .string("FP32")),
                    .init("shape", .array([.integer(-1), .integer(4)])),
                ])
            ]
        )
    }

    @Test(arguments: ["", "accuracy", "=1", "accuracy=", "accuracy=high", "accuracy=nan", "accuracy=inf", "a=1"])
    func `what is no metric is refused`(_ text: String) throws {
        var request = request()
        try request.addMetric("a=2")
        #expect(throws: StorageError.self) { try request.addMetric(text) }
    }

    @Test(arguments: [
        ("commit", nil), ("=x", nil), ("a=1", nil), ("x.json", "[]"), ("x.json", "{\"a\": 1}"), ("x.json", ""),
    ])
    func `what is no metadata is refused`(_ text: String, _ contents: String?) throws {
        var request = request()
        try request.addMetadata("a=2")
        #expect(throws: StorageError.self) {
            try request.addMetadata(text, fileContents: contents.map { Array($0.utf8) })
        }
    }

    @Test func `a version is named by its number, a label or nothing`() throws {
        let bench = PublishingBench()
        let publisher = bench.publisher()
        for _ in 0..<2 { _ = try publisher.push(bench.request()) }
        try publisher.promote(PublishingBench.version(1), to: PublishingBench.stable)
        func number(_ version: ModelSelector.Version, _ model: ModelName = PublishingBench.iris) throws -> Int64 {
            try publisher.version(ModelSelector(name: model, version: version)).version.number
        }
        #expect(try number(.latest) == 2)
        #expect(try number(.label(PublishingBench.stable)) == 1)
        #expect(try number(.exact(.first)) == 1)
        #expect(throws: StorageError.self) { try number(.label(VersionLabel("canary")!)) }
        #expect(throws: StorageError.self) { try number(.latest, ModelName("other")!) }
        let text = try publisher.manifestText(of: PublishingBench.version(1))
        #expect(text.contains("\"model\": \"iris\""))
        #expect(throws: StorageError.self) { try publisher.manifestText(of: PublishingBench.version(3)) }
    }

    @Test func `a pair of keys is written once`() throws {
        let folder = TemporaryFolder()
        let key = SigningKey.make()
        let (path, open) = ("\(folder.path)/k.pem", SystemFiles(isPrivate: false))
        try key.write(to: path, on: SystemFiles(), publicOn: open)
        #expect(throws: StorageError.self) { try key.write(to: path, on: SystemFiles(), publicOn: open) }
        let read = try SigningKey(pem: KeyFile.contents(of: "\(folder.path)/k.pem"), name: "k")
        #expect(read.publicKey == key.publicKey)
        #expect(try TrustedKeys(paths: ["\(folder.path)/k.pem.pub"]).ids == [key.publicKey.id])
        let keys = DecryptionKeys(environment: ["APUS_KEY_K": EncryptionKey.makeText()])
        #expect(try keys.encryptionKey(KeyID("k")!).id == KeyID("k"))
    }
}
