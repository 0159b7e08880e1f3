internal import ApusEngine

/// The `parameters` of a model's configuration, as far as this engine knows them.
struct SessionParameters {
    /// Threads of the session's own; `nil` for the shared ones.
    var intraOpThreadCount: Int?
    /// Threads that run nodes side by side; `nil` for one.
    var interOpThreadCount: Int?
    /// Whether runs stay on the calling thread where no number of threads is written.
    var staysOnCaller = false
    /// Whether independent nodes run side by side.
    var isParallel = false
    /// Whether memory comes from an arena; `nil` leaves the choice to the engine.
    var usesArena: Bool?
    /// Whether the library plans memory once for inputs of the same shape.
    var usesMemoryPattern = true
    /// Providers in order of preference, without the processor's own.
    var providers: [ExecutionProvider] = []
    /// Keys that were not understood.
    private(set) var warnings: [String] = []

    /// Whether the session needs threads of its own.
    var hasOwnThreads: Bool { intraOpThreadCount != nil || interOpThreadCount != nil || isParallel }

    /// Nothing written.
    init() {}

    /// Reads the parameters of a model.
    init(_ options: SessionOptions, availableProviders: [String]) throws(EngineError) {
        staysOnCaller = options.threads == .caller
        let names = Self.list(options.parameters["execution_providers"] ?? "")
        for name in names where !availableProviders.contains(name) {
            throw EngineError(
                .unsupportedModel,
                "model '\(options.modelName)' asks for \(name); this build of ONNX Runtime has "
                    + availableProviders.joined(separator: ", ")
            )
        }
        providers = names.filter { $0 != ExecutionProvider.cpu }.map { ExecutionProvider(name: $0, options: [:]) }
        if case .gpu(let number) = options.device {
            try place(onGPU: number, options.modelName, availableProviders)
        }
        for (key, value) in options.parameters.sorted(by: { $0.key < $1.key }) {
            try note(key, value, options.modelName)
        }
    }

    /// Has the model run on a GPU: with the provider for NVIDIA devices where no other is written.
    private mutating func place(onGPU number: Int, _ model: String, _ available: [String]) throws(EngineError) {
        if providers.isEmpty {
            guard available.contains(ExecutionProvider.cuda) else {
                throw EngineError(
                    .unsupportedModel,
                    "model '\(model)' asks for GPU \(number) (instance_group), and this build of ONNX Runtime has only "
                        + available.joined(separator: ", ")
                        + "; put a CUDA build of the library in its place, or write kind: KIND_CPU"
                )
            }
            providers = [ExecutionProvider(name: ExecutionProvider.cuda, options: [:])]
        }
        // Set first, it stands: `device_id` among the parameters fills in only what is missing.
        let places = providers.indices.filter { ExecutionProvider.gpu.contains(providers[$0].name) }
        guard !places.isEmpty else {
            throw EngineError(
                .unsupportedModel,
                "model '\(model)' asks for GPU \(number) (instance_group), and its execution_providers, "
                    + providers.map(\.name).joined(separator: ", ") + ", are none for GPUs; "
                    + "leave them out, or write kind: KIND_CPU"
            )
        }
        for index in places { providers[index].options["device_id"] = String(number) }
    }

    /// Takes one parameter.
    private mutating func note(_ key: String, _ value: String, _ model: String) throws(EngineError) {
        switch key {
        case "execution_providers": break
        case "intra_op_thread_count": intraOpThreadCount = try Self.threads(key, value, model)
        case "inter_op_thread_count": interOpThreadCount = try Self.threads(key, value, model)
        case "execution_mode": isParallel = try Self.flag(key, value, model)
        case "enable_mem_arena": usesArena = try Self.flag(key, value, model)
        case "enable_mem_pattern": usesMemoryPattern = try Self.flag(key, value, model)
        default: noteProviderOption(key, value)
        }
    }

    /// Takes `device_id` for all providers, or `<provider>.<option>` for one; warns of anything else.
    private mutating func noteProviderOption(_ key: String, _ value: String) {
        if key == "device_id", !providers.isEmpty {
            for index in providers.indices where providers[index].options[key] == nil {
                providers[index].options[key] = value
            }
            return
        }
        if let dot = key.firstIndex(of: "."), let index = providers.firstIndex(where: { $0.name == key[..<dot] }) {
            providers[index].options[String(key[key.index(after: dot)...])] = value
            return
        }
        warnings.append("parameter '\(key)' isn't known to the engine 'onnxruntime' and has no effect")
    }

    /// The names in a list with commas.
    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { name in String(name.drop { $0 == " " }.prefix { $0 != " " }) }
            .filter { !$0.isEmpty }
    }

    /// A number of threads; 0 means that nothing was asked for.
    private static func threads(_ key: String, _ value: String, _ model: String) throws(EngineError) -> Int? {
        guard let count = Int(value), (0...1024).contains(count) else {
            throw invalid(key, value, model, expected: "a whole number from 0 to 1024")
        }
        return count == 0 ? nil : count
    }

    /// A switch, as Triton writes it.
    private static func flag(_ key: String, _ value: String, _ model: String) throws(EngineError) -> Bool {
        switch value {
        case "1", "true": return true
        case "0", "false": return false
        default: throw invalid(key, value, model, expected: "0 or 1")
        }
    }

    /// The error for a value that can't be read.
    private static func invalid(_ key: String, _ value: String, _ model: String, expected: String) -> EngineError {
        EngineError(.other, "model '\(model)': parameter '\(key)' must be \(expected), not '\(value)'")
    }
}
