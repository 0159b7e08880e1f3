import ApusCore
import Testing

@testable import ApusModels

struct MemoryModelStorageTests {
    private func storage(_ files: [String: [UInt8]]) throws -> MemoryModelStorage {
        var overrides = ModelOverrides()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { try overrides.set("file:\(path)", .bytes(bytes)) }
        return try MemoryModelStorage(name("m"), files: overrides.files)
    }

    @Test func `files are found as in a folder`() throws {
        let storage = try storage(["1/model.onnx": [1, 2, 3], "1/assets/a": [], "2/model.onnx": [4]])
        #expect(try storage.entries(of: .root).map(\.name) == ["m"])
        let versions = try storage.entries(of: #require(StoragePath("m")))
        #expect(versions.map(\.name) == ["1", "2"] && versions.allSatisfy(\.isFolder))
        let first = try storage.entries(of: #require(StoragePath("m/1")))
        #expect(first.map(\.name) == ["assets", "model.onnx"])
        #expect(first.map(\.isFile) == [false, true])
        let path = try #require(StoragePath("m/1/model.onnx"))
        #expect(try storage.contents(of: path, byteLimit: 3) == [1, 2, 3])
        #expect(throws: ModelError.self) { try storage.contents(of: path, byteLimit: 2) }
        #expect(throws: ModelError.self) { try storage.locate(#require(StoragePath("m/1/other"))) }
        #expect(throws: ModelError.self) { try storage.entries(of: #require(StoragePath("m/3"))) }
        let file = try storage.locate(path)
        #expect(file.byteCount == 3 && file.linkCount == 1)
    }

    @Test func `a model of a listing comes out of it`() throws {
        let storage = try storage(["1/model.onnx": [1], "7/model.onnx": [2]])
        let listing = try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"])
        #expect(listing.models.map(\.name) == [name("m")])
        #expect(listing.models[0].versions.map(\.version.number) == [1, 7])
        #expect(try listing.models[0].modelFile(of: .first).byteCount == 1)
    }

    @Test func `another configuration lets a file have another name`() throws {
        let storage = try storage(["1/weights.onnx": [1]])
        let folder = try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"]).models[0]
        #expect(folder.versions[0].fault?.code == .noModelFile)
        let overridden = folder.overriding("{}")
        #expect(overridden.versions[0].fault == nil)
        #expect(overridden.configurationOverride == "{}" && folder.configurationOverride == nil)
    }
}
