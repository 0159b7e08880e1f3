import ApusCore
import ApusModels
import Testing

struct RepositoryListingTests {
    private let folder = TemporaryFolder(named: "root-name")

    private func scan(_ filenames: [String] = ["model.onnx"]) throws -> RepositoryListing {
        try RepositoryListing(scanning: LocalModelStorage(path: folder.path), modelFilenames: filenames)
    }

    /// What the listing says of each folder that can't be served.
    private func reasons() throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try scan().unavailable.map { ($0.name, $0.error.message) })
    }

    // MARK: - Layouts

    @Test func `versions are positive numbers without a leading zero, in numeric order`() throws {
        for version in ["2", "10", "1", "01", "0", "-3", "v4", "1.5", "99999999999999999999"] {
            folder.write("m/\(version)/model.onnx")
        }
        folder.write("m/7")
        let listing = try scan()
        #expect(listing.unavailable.isEmpty)
        #expect(listing.models.map(\.name.description) == ["m"])
        #expect(listing.models[0].versions.map(\.version.number) == [1, 2, 10])
        #expect(listing.models[0].versions.allSatisfy { $0.fault == nil })
        #expect(try listing.models[0].modelFile(of: ModelVersion(10)!).path == "\(folder.path)/m/10/model.onnx")
    }

    @Test func `a model file beside no version folder is version 1`() throws {
        folder.write("m/model.onnx")
        let model = try #require(try scan().models.first)
        #expect(model.versions.map(\.version) == [.first])
        #expect(try model.modelFile(of: .first).path == "\(folder.path)/m/model.onnx")
    }

    @Test func `a single model file in the root is named after the root`() throws {
        folder.write("model.onnx")
        folder.write("README.md")
        let listing = try scan()
        #expect(listing.unavailable.isEmpty)
        let model = try #require(listing.models.first)
        #expect(model.name.description == "root-name")
        #expect(try model.modelFile(of: .first).path == "\(folder.path)/model.onnx")
    }

    @Test func `a root that holds nothing but versions is a model of its own`() throws {
        folder.write("1/model.onnx")
        folder.write("3/model.onnx")
        folder.write("config.pbtxt")
        let listing = try scan()
        #expect(listing.unavailable.isEmpty)
        let model = try #require(listing.models.first)
        #expect(listing.models.count == 1)
        #expect(model.name.description == "root-name")
        #expect(model.versions.map(\.version.number) == [1, 3])
        #expect(try model.modelFile(of: ModelVersion(3)!).path == "\(folder.path)/3/model.onnx")
    }

    @Test func `models with numbers for names beside others are models`() throws {
        folder.write("1/1/model.onnx")
        folder.write("m/1/model.onnx")
        #expect(try scan().models.map(\.name.description) == ["1", "m"])
    }

    @Test func `a model file of another name in the root is named with where it belongs`() throws {
        folder.write("flower.onnx")
        folder.write("notes.txt")
        for isAlone in [true, false] {
            if !isAlone { folder.write("m/1/model.onnx") }
            let listing = try scan()
            #expect(listing.unavailable.map(\.name) == ["flower.onnx"])
            #expect(listing.unavailable[0].error.message.contains("put it in 'flower/1/model.onnx'"))
        }
    }

    @Test func `a model file in the root beside models has no name`() throws {
        folder.write("model.onnx")
        folder.write("m/1/model.onnx")
        let listing = try scan()
        #expect(listing.models.map(\.name.description) == ["m"])
        #expect(listing.unavailable.map(\.name) == ["model.onnx"])
        #expect(listing.unavailable[0].error.message.contains("'<name>/1/model.onnx'"))
    }

    @Test func `model.onnx may be a folder that holds model.onnx`() throws {
        folder.write("m/1/model.onnx/model.onnx")
        folder.write("m/2/model.onnx/other")
        let model = try #require(try scan().models.first)
        #expect(try model.modelFile(of: .first).path == "\(folder.path)/m/1/model.onnx/model.onnx")
        #expect(model.versions[1].fault?.message == "'m/2/model.onnx' is a folder without a file 'model.onnx' in it")
    }

    @Test func `a model with a configuration and an empty version folder is a candidate`() throws {
        folder.write("delay/config.pbtxt", "backend: 'builtin'")
        folder.makeFolder("delay/1")
        let model = try #require(try scan().models.first)
        #expect(model.hasConfiguration)
        #expect(model.versions.map(\.version) == [.first])
        #expect(model.versions[0].fault == nil)
        let bytes = try #require(try model.contents(of: "config.pbtxt", byteLimit: 100))
        #expect(String(decoding: bytes, as: UTF8.self) == "backend: 'builtin'")
        #expect(try model.contents(of: "apus.yaml", byteLimit: 100) == nil)
        #expect(throws: ModelError.self) { try model.modelFile(of: .first) }
    }

    @Test func `a file named by the configuration is found beneath the version only`() throws {
        folder.write("m/config.pbtxt")
        folder.write("m/1/net.onnx")
        let model = try #require(try scan().models.first)
        #expect(try model.modelFile(of: .first, named: "net.onnx").path == "\(folder.path)/m/1/net.onnx")
        for name in ["../config.pbtxt", "..", "", "/etc/passwd"] {
            #expect(throws: ModelError.self) { try model.modelFile(of: .first, named: name) }
        }
    }

    @Test func `hidden folders, loose files and lost+found are passed over`() throws {
        folder.makeFolder(".git")
        folder.makeFolder("lost+found")
        folder.write("README.md")
        let listing = try scan()
        #expect(listing.models.isEmpty && listing.unavailable.isEmpty)
    }

    // MARK: - Reasons

    @Test func `what can't be a model says why and what to do`() throws {
        folder.write("bad name/1/model.onnx")
        folder.makeFolder("empty")
        folder.write("zero/01/model.onnx")
        folder.write("configured/config.pbtxt")
        folder.write("loose/resnet.onnx")
        folder.write("readme/README.md")
        folder.link("escape", to: "/etc")
        let reasons = try reasons()
        #expect(reasons["bad name"]?.contains("only A-Z, a-z, 0-9, '.', '_' and '-'") == true)
        #expect(reasons["empty"] == "folder 'empty' is empty: put the model in 'empty/1/model.onnx'")
        #expect(reasons["zero"]?.contains("without a leading zero, and '01' isn't one") == true)
        #expect(reasons["configured"]?.contains("no version folder: make 'configured/1'") == true)
        #expect(reasons["loose"]?.contains("default_model_filename: \"resnet.onnx\"") == true)
        #expect(reasons["readme"]?.contains("holds no model file (found 'README.md')") == true)
        #expect(reasons["escape"]?.contains("leads out of the model repository") == true)
        #expect(reasons.count == 7)
    }

    @Test(arguments: [
        ("model.pt", "a PyTorch model"), ("model.plan", "a TensorRT plan"), ("model.graphdef", "a TensorFlow graph"),
        ("model.py", "a Python model"), ("model.xml", "an OpenVINO model"), ("clf.pkl", "a pickled Python object"),
        ("net.h5", "a Keras model"), ("net.tflite", "a TensorFlow Lite model"),
        ("model.savedmodel/saved_model.pb", "a TensorFlow SavedModel"),
    ])
    func `a format that isn't served is named, with the way out`(file: String, title: String) throws {
        folder.write("m/1/\(file)")
        folder.write("direct/\(file)")
        let listing = try scan()
        let fault = try #require(listing.models.first?.versions.first?.fault)
        #expect(fault.code == .noModelFile)
        #expect(fault.message.contains(title))
        #expect(fault.message.contains("put the result in 'm/1/model.onnx'"))
        #expect(listing.unavailable.first?.error.message.contains(title) == true)
    }

    @Test func `a format that an engine takes is served`() throws {
        folder.write("m/1/model.xml")
        let listing = try scan(["model.onnx", "model.xml"])
        #expect(listing.models.first?.versions.first?.fault == nil)
    }

    @Test func `a model in a foreign format alone in the root is named after the root`() throws {
        folder.write("model.pt")
        let reason = try #require(try reasons()["root-name"])
        #expect(reason.contains("a PyTorch model"))
        #expect(reason.contains("\(folder.path)/model.onnx"))
    }

    @Test func `a version whose file links out of the root is at fault, the others aren't`() throws {
        folder.write("m/1/model.onnx")
        folder.link("m/2/model.onnx", to: "/etc/passwd")
        folder.link("m/3", to: "/etc")
        let model = try #require(try scan().models.first)
        #expect(model.versions.map { $0.fault?.code } == [nil, .unsafeFile, .unsafeFile])
    }

    @Test func `an unreadable folder is one model's fault, an unreadable root is everybody's`() throws {
        folder.makeFolder("secret/1")
        folder.setPermissions("secret", 0o000)
        folder.write("m/1/model.onnx")
        let listing = try asNobody { try scan() }
        #expect(listing.models.map(\.name.description) == ["m"])
        #expect(listing.unavailable.first?.error.code == .unreadable)

        #expect(throws: ModelError.self) {
            try RepositoryListing(scanning: FailingStorage(), modelFilenames: ["model.onnx"])
        }
        let storage = FailingStorage(folders: [".": [StorageEntry(name: "m", kind: .folder)]])
        let partial = try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"])
        #expect(partial.unavailable.first?.error.message == "no disk at 'm'")
    }

    @Test func `a repository of 1500 models is listed in one go`() throws {
        for index in 0..<1500 { folder.write("model-\(index)/1/model.onnx") }
        let clock = SystemTime()
        let start = clock.now
        let listing = try scan()
        print("1,500 folders scanned in \(clock.now.nanoseconds(since: start) / 1_000_000) ms")
        #expect(listing.models.count == 1500)
    }
}
