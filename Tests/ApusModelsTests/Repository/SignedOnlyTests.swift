import ApusCore
import ApusStorage
import Testing

@testable import ApusModels

/// Where only signed versions are served, none gets in by lying somewhere else.
struct SignedOnlyTests {
    private let folder = TemporaryFolder()

    private func listing() throws -> RepositoryListing {
        var rules = ManifestRules()
        rules.policy = SignaturePolicy(.required, trusted: TrustedKeys())
        let storage = try LocalModelStorage(path: folder.path)
        return try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"], rules: rules)
    }

    @Test(arguments: ["m/1/model.onnx", "m/model.onnx", "m/model_v99.onnx", "m/m_v9/model.onnx", "model.onnx"])
    func `a version without manifest is refused in every layout`(_ path: String) throws {
        folder.write(path)
        let found = try listing()
        for version in found.models.flatMap(\.versions) {
            #expect(version.fault?.code == .untrusted)
            #expect(version.fault?.message.contains("only signed versions are served") == true)
        }
        #expect(!found.models.isEmpty || !found.unavailable.isEmpty)
    }

    @Test func `a configuration beside the versions doesn't count`() throws {
        folder.write("m/1/model.onnx")
        folder.write("m/config.pbtxt")
        let model = try #require(try listing().models.first)
        #expect(!model.hasConfiguration)
        #expect(try model.contents(of: "config.pbtxt", byteLimit: 100) == nil)
    }
}
