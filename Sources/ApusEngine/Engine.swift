package import ApusCore

/// A library that computes: found at run time, loads models into sessions.
///
/// Implementation guidance: `load` runs on a loading thread, never on an event loop; it may take long. Everything that
/// the library reports comes out as `EngineError`, with the library's own words in the message.
package protocol Engine: Sendable {
    /// The name used in `backend:`, for example `onnxruntime`.
    var name: String { get }
    /// The wire's `platform` of models that it runs, for example `onnxruntime_onnx`.
    var platform: String { get }
    /// Names of model files that it takes, the first one the default, for example `model.onnx`.
    var modelFilenames: [String] { get }
    /// Version, devices, where the library lies.
    var information: EngineInformation { get }
    /// Whether `SessionOptions.threads` makes a difference to a model: the engine has threads to share, and nothing in the
    /// model's parameters decides.
    func leavesThreadsOpen(_ options: SessionOptions) -> Bool
    /// Opens a model.
    func load(_ source: ModelSource, options: SessionOptions) throws(EngineError) -> any EngineSession
}

extension Engine {
    /// For engines that have no threads of their own.
    package func leavesThreadsOpen(_ options: SessionOptions) -> Bool { false }
}

/// What `apus engines` shows of an engine.
package struct EngineInformation: Sendable {
    /// The engine's name.
    package let name: String
    /// Its version, in its own words.
    package let version: String
    /// The devices or execution providers that it offers.
    package let devices: [String]
    /// The library's file; `nil` for what is built in.
    package let libraryPath: String?

    /// Collects the facts.
    package init(name: String, version: String, devices: [String], libraryPath: String?) {
        self.name = name
        self.version = version
        self.devices = devices
        self.libraryPath = libraryPath
    }
}

/// Where a model comes from.
package enum ModelSource: Sendable {
    /// A file; the engine may read what lies beside it.
    case file(path: String)
    /// A file that has been opened and checked; its path is for messages and for what lies beside it.
    case open(OpenFile, path: String)
    /// The bytes of a file that needs nothing beside it.
    case bytes([UInt8])
    /// Nothing but the configuration (built-in models).
    case none
}

/// How a model is to be opened.
package struct SessionOptions: Sendable {
    /// The model's name, for messages and for built-in models.
    package var modelName: String
    /// `parameters` of the configuration: what an engine doesn't know it reports as a warning.
    package var parameters: [String: String]
    /// Inputs as the configuration describes them; built-in models have no other source.
    package var configuredInputs: [TensorSpecification]
    /// Outputs as the configuration describes them.
    package var configuredOutputs: [TensorSpecification]
    /// 0 for none.
    package var maxBatchSize: Int
    /// The device to compute on; a model on several has a session on each.
    package var device = EngineDevice.standard
    /// Which threads runs use, where the parameters leave it open.
    package var threads = ThreadUse.shared

    /// Options for a model without configuration.
    package init(
        modelName: String,
        parameters: [String: String] = [:],
        configuredInputs: [TensorSpecification] = [],
        configuredOutputs: [TensorSpecification] = [],
        maxBatchSize: Int = 0
    ) {
        self.modelName = modelName
        self.parameters = parameters
        self.configuredInputs = configuredInputs
        self.configuredOutputs = configuredOutputs
        self.maxBatchSize = maxBatchSize
    }
}
