import ApusCore
import ApusProtocol
import ApusStorage
import ApusTesting
import Testing

struct VersionManifestTests {
    private static let version = ModelID(name: ModelName("iris")!, version: ModelVersion(3)!)

    private static func file(_ path: String, byteCount: Int = 2) -> VersionManifest.File {
        VersionManifest.File(path: path, byteCount: byteCount, digest: SHA256Digest(of: Array(path.utf8)))
    }

    private static func manifest(_ files: [VersionManifest.File] = [file("model.onnx")]) -> VersionManifest {
        VersionManifest(model: version.name, version: version.version, created: 1_795_300_000, files: files)
    }

    private static var full: VersionManifest {
        var manifest = manifest([
            file("model.onnx"), file("golden/a.json"), file("ü/größe \"x\".bin", byteCount: 1 << 40),
        ])
        manifest.framework = "onnx"
        manifest.parent = ModelVersion(2)
        manifest.inputs = [
            .object([
                .init("name", .string("x")), .init("datatype", .string("FP32")),
                .init("shape", .array([.integer(-1), .integer(4)])),
            ])
        ]
        manifest.outputs = [.object([.init("name", .string("label"))])]
        manifest.metrics = [.init(name: "accuracy", value: 0.973), .init(name: "loss", value: 1e-9)]
        manifest.metadata = [
            .init("commit", .string("a\nb\u{1}")), .init("n", .unsigned(.max)),
            .init("deep", .object([.init("x", .null)])),
        ]
        return manifest
    }

    private func read(_ text: String) -> Result<VersionManifest, StorageError> {
        do throws(StorageError) {
            return .success(
                try VersionManifest.read(Array(text.utf8), expecting: VersionManifestTests.version).contents
            )
        } catch {
            return .failure(error)
        }
    }

    private static func text(_ manifest: VersionManifest = manifest()) throws -> String {
        String(decoding: try manifest.text(), as: UTF8.self)
    }

    @Test func `a manifest comes back as it was written`() throws {
        let text = try VersionManifestTests.full.text()
        let read = try VersionManifest.read(text, expecting: VersionManifestTests.version)
        #expect(read.contents == VersionManifestTests.full)
        #expect(try read.contents.text() == text)
        #expect(read.digest == SHA256Digest(of: text))
        #expect(read.signature == nil)
    }

    @Test func `people can read it`() throws {
        let digest = SHA256Digest(of: Array("model.onnx".utf8))
        #expect(
            try VersionManifestTests.text() == """
                {
                  "format": 1,
                  "model": "iris",
                  "version": 3,
                  "created": 1795300000,
                  "framework": "",
                  "files": [
                    {"path": "model.onnx", "size": 2, "digest": "\(digest)"}
                  ],
                  "inputs": [],
                  "outputs": [],
                  "metrics": {},
                  "metadata": {}
                }

                """
        )
    }

    @Test func `what a later one adds is passed over`() throws {
        let text = try VersionManifestTests.text().replacingOnce("\"files\"", "\"later\": {\"x\": [1]},\n  \"files\"")
        #expect(try read(text).get() == VersionManifestTests.manifest())
    }

    @Test(arguments: [
        ("\"format\": 1", "\"format\": 2", "format 2"),
        ("\"format\": 1,", "", "'format'"),
        ("\"model\": \"iris\"", "\"model\": \"other\"", "'model' should be 'iris'"),
        ("\"model\": \"iris\"", "\"model\": \"iris\", \"model\": \"iris\"", "comes twice"),
        ("\"version\": 3", "\"version\": 4", "'version' should be 3; 4 came"),
        ("\"version\": 3", "\"version\": 3.5", "'version'"),
        ("\"created\": 1795300000", "\"created\": -1", "'created'"),
        ("\"created\": 1795300000", "\"created\": 1e30", "'created'"),
        ("\"size\": 2", "\"size\": -2", "'size'"),
        ("\"size\": 2", "\"size\": 9223372036854775807", "'size'"),
        ("\"size\": 2", "\"size\": \"2\"", "'size'"),
        ("\"digest\": \"sha256:", "\"digest\": \"md5:", "'digest'"),
        ("\"digest\": \"sha256:", "\"digest\": \"sha256:0", "'digest'"),
        ("model.onnx", "../model.onnx", "../model.onnx"),
        ("model.onnx", "/etc/passwd", "leads out"),
        ("model.onnx", "a/../../b", "leads out"),
        ("model.onnx", "a\\\\b", "leads out"),
        ("model.onnx", "", "leads out"),
        ("model.onnx", "apus-manifest.json", "can't be one of"),
        ("model.onnx", "apus-push.json", "can't be one of"),
        ("\"metrics\": {}", "\"metrics\": {\"a\": \"b\"}", "'a' should be a number"),
        ("\"metrics\": {}", "\"metrics\": []", "object"),
        ("\"metadata\": {}", "\"metadata\": {\"a\": [{\"b\": 1, \"b\": 2}]}", "'b' comes twice"),
        ("\"framework\": \"\"", "\"framework\": 1", "'framework'"),
        ("\"files\": [", "\"files\": 5, \"x\": [", "'files'"),
        ("{\n", "[{\n", "no JSON object"),
    ])
    func `what is wrong is refused with the place and the reason`(_ from: String, _ to: String, _ reason: String) throws
    {
        let text = try VersionManifestTests.text().replacingOnce(from, to)
        guard case .failure(let error) = read(text) else {
            Issue.record("was read: \(to)")
            return
        }
        #expect(error.message.contains("iris/3/apus-manifest.json"))
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test func `files that can't lie beside each other are refused`() throws {
        for paths in [["a", "a"], ["a", "a-b", "a/b"], []] {
            #expect(throws: StorageError.self) {
                try VersionManifestTests.manifest(paths.map { VersionManifestTests.file($0) }).text()
            }
        }
        let sorted = try VersionManifestTests.text(
            VersionManifestTests.manifest([VersionManifestTests.file("a"), VersionManifestTests.file("b")])
        )
        let moved = sorted.replacingOnce("\"a\"", "\"c\"")
        #expect(throws: StorageError.self) { try read(moved).get() }
    }

    @Test func `there are bounds of files and bytes`() throws {
        let files = (0...VersionManifest.maxFiles).map { VersionManifestTests.file("f\($0)") }
        _ = try VersionManifest.read(
            VersionManifestTests.manifest(Array(files.dropLast())).text(),
            expecting: VersionManifestTests.version
        )
        #expect(throws: StorageError.self) { try VersionManifestTests.manifest(files).text() }
        var large = VersionManifestTests.manifest()
        large.metadata = [.init("x", .string(String(repeating: "x", count: VersionManifest.maxBytes)))]
        #expect(throws: StorageError.self) { try large.text() }
        let padded = try VersionManifestTests.text() + String(repeating: " ", count: VersionManifest.maxBytes)
        #expect(throws: StorageError.self) { try read(padded).get() }
    }

    @Test func `an encrypted size that can't be is refused`() throws {
        let sealed = FileCipher.sealedByteCount(ofPlain: 2)
        func manifest(_ byteCount: Int, _ key: String) -> VersionManifest {
            let digest = SHA256Digest(of: [])
            let encryption = VersionManifest.Encryption(keyID: key, plainByteCount: 2)
            return VersionManifestTests.manifest([
                .init(path: "m", byteCount: byteCount, digest: digest, encryption: encryption)
            ])
        }
        let text = try manifest(sealed, "team-1").text()
        let read = try VersionManifest.read(text, expecting: VersionManifestTests.version)
        #expect(read.contents == manifest(sealed, "team-1"))
        #expect(throws: StorageError.self) { try manifest(sealed + 1, "team-1").text() }
        #expect(throws: StorageError.self) { try manifest(sealed, "../x").text() }
    }

    @Test func `damage is refused or harmless`() throws {
        let text = try VersionManifestTests.full.text()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.remove(at: Int.random(in: damaged.indices, using: &random))
                default:
                    let byte = Array("\"{}[],:0-9.e\n\\".utf8).randomElement(using: &random)!
                    damaged.insert(byte, at: Int.random(in: damaged.indices, using: &random))
                }
            }
            guard let read = try? VersionManifest.read(damaged, expecting: VersionManifestTests.version) else {
                continue
            }
            #expect(
                try VersionManifest.read(read.contents.text(), expecting: VersionManifestTests.version).contents
                    == read.contents
            )
        }
    }
}

extension String {
    /// The text with the first place of a text replaced by another; the test's own fault when there is none.
    func replacingOnce(_ text: String, _ other: String) -> String {
        guard let range = firstRange(of: text) else { fatalError("'\(text)' isn't in the text") }
        return replacingCharacters(in: range, other)
    }

    private func replacingCharacters(in range: Range<String.Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
