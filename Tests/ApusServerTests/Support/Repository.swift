import ApusCore
import ApusModels

/// A model repository in a temporary folder, for models of the built-in engine.
final class Repository: Sendable {
    let folder = TemporaryFolder()

    var path: String { folder.path }

    /// Adds a model with one version and this configuration.
    @discardableResult
    func add(_ name: String, _ configuration: String, version: Int = 1) -> Repository {
        folder.write("\(name)/config.pbtxt", configuration)
        folder.makeFolder("\(name)/\(version)")
        return self
    }

    /// Adds a built-in model that gives one FP32 tensor back.
    @discardableResult
    func addIdentity(_ name: String, delayMilliseconds: Int = 0, more: String = "") -> Repository {
        add(
            name,
            """
            backend: "builtin"
            input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }
            output { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] }
            parameters { key: "kind" value { string_value: "identity" } }
            parameters { key: "execute_delay_ms" value { string_value: "\(delayMilliseconds)" } }
            \(more)
            """
        )
    }

    /// What a scan finds of a model.
    func folder(of name: String) throws -> ModelFolder? {
        let storage = try LocalModelStorage(path: path)
        let listing = try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"])
        return listing.models.first { $0.name.description == name }
    }
}
