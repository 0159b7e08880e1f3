internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime

/// Asks a session for its inputs and outputs.
struct SignatureReader {
    /// The lists that the library keeps apart.
    enum List {
        case inputs
        case overridableInitializers
        case outputs
    }

    /// The session to ask.
    let handle: SessionHandle
    /// For messages.
    let modelName: String

    private var library: ONNXRuntimeLibrary { handle.environment.library }

    /// Reads everything and refuses models that can't be served.
    func makeSignature(hasDataDependentCost: Bool, warnings: [String]) throws(EngineError) -> ModelSignature {
        let inputs = try makeInputs(.inputs) + makeInputs(.overridableInitializers)
        var outputs: [TensorSpecification] = []
        var unserved: [UnservedOutput] = []
        for index in 0..<(try count(.outputs)) {
            let name = try name(.outputs, index)
            switch try kind(.outputs, index) {
            case .tensor(let type, let shape):
                outputs.append(TensorSpecification(name: name, dataType: type, shape: shape))
            case .unsupported(let what): unserved.append(UnservedOutput(name: name, reason: Self.advice(what)))
            }
        }
        guard !outputs.isEmpty else { throw noOutput(unserved) }
        return ModelSignature(
            inputs: inputs,
            outputs: outputs,
            unservedOutputs: unserved,
            hasDataDependentCost: hasDataDependentCost,
            warnings: warnings + unserved.map { "output '\($0.name)' isn't served: \($0.reason)" }
        )
    }

    /// Reads one of the two lists of inputs.
    private func makeInputs(_ list: List) throws(EngineError) -> [TensorSpecification] {
        var inputs: [TensorSpecification] = []
        for index in 0..<(try count(list)) {
            let name = try name(list, index)
            switch try kind(list, index) {
            case .tensor(let type, let shape):
                let isOptional = list == .overridableInitializers
                inputs.append(
                    TensorSpecification(name: name, dataType: type, shape: shape, isOptional: isOptional)
                )
            case .unsupported(let what):
                if list == .overridableInitializers { continue }
                throw EngineError(
                    .unsupportedModel,
                    "input '\(name)' of model '\(modelName)' is \(what), which no request can carry"
                )
            }
        }
        return inputs
    }

    /// The error for a model that would never answer anything.
    private func noOutput(_ unserved: [UnservedOutput]) -> EngineError {
        let list = unserved.map { "'\($0.name)' \($0.reason)" }.joined(separator: "; ")
        return EngineError(
            .unsupportedModel,
            "no output of model '\(modelName)' is a tensor that can be served: \(list.isEmpty ? "it has none" : list)"
        )
    }

    /// How to get rid of an output that isn't a tensor.
    private static func advice(_ what: String) -> String {
        let sequence = "is \(what), not a tensor of a type that the protocol has; export the model without it"
        return what.hasPrefix("a sequence") || what.hasPrefix("a map")
            ? sequence + " (scikit-learn: convert with `options={id(model): {'zipmap': False}}`)" : sequence
    }

    /// How many entries a list has.
    private func count(_ list: List) throws(EngineError) -> Int {
        let count: Int = try unsafe library.number("count inputs and outputs") { out in
            switch list {
            case .inputs: unsafe CONNXRuntime_inputCount(handle.api, handle.pointer, out)
            case .overridableInitializers:
                unsafe CONNXRuntime_overridableInitializerCount(handle.api, handle.pointer, out)
            case .outputs: unsafe CONNXRuntime_outputCount(handle.api, handle.pointer, out)
            }
        }
        return count
    }

    /// The name of an entry.
    private func name(_ list: List, _ index: Int) throws(EngineError) -> String {
        let allocator = unsafe handle.environment.allocator
        var name: UnsafeMutablePointer<CChar>?
        let status =
            switch list {
            case .inputs: unsafe CONNXRuntime_inputName(handle.api, handle.pointer, index, allocator, &name)
            case .overridableInitializers:
                unsafe CONNXRuntime_overridableInitializerName(handle.api, handle.pointer, index, allocator, &name)
            case .outputs: unsafe CONNXRuntime_outputName(handle.api, handle.pointer, index, allocator, &name)
            }
        try unsafe library.check(status, "name inputs and outputs")
        guard let name = unsafe name else { return "" }
        defer { unsafe library.discard(CONNXRuntime_free(handle.api, allocator, name)) }
        return unsafe String(cString: name)
    }

    /// What an entry is.
    private func kind(_ list: List, _ index: Int) throws(EngineError) -> ValueKind {
        let info = try unsafe library.make("describe inputs and outputs") { out in
            switch list {
            case .inputs: unsafe CONNXRuntime_inputTypeInfo(handle.api, handle.pointer, index, out)
            case .overridableInitializers:
                unsafe CONNXRuntime_overridableInitializerTypeInfo(handle.api, handle.pointer, index, out)
            case .outputs: unsafe CONNXRuntime_outputTypeInfo(handle.api, handle.pointer, index, out)
            }
        }
        defer { unsafe CONNXRuntime_releaseTypeInfo(handle.api, info) }
        let kind: Int32 = try unsafe library.number("tell tensors from others") { out in
            unsafe CONNXRuntime_kind(handle.api, info, out)
        }
        guard kind == Int32(CONNXRuntime_kindTensor) else {
            return .unsupported(ValueKind.label(ofKind: kind))
        }
        let tensor = try unsafe library.make("describe a tensor") { out in
            unsafe CONNXRuntime_tensorInfo(handle.api, info, out)
        }
        return try unsafe tensorKind(tensor)
    }

    /// The element type and the shape of a tensor.
    private func tensorKind(_ info: OpaquePointer) throws(EngineError) -> ValueKind {
        let code: Int32 = try unsafe library.number("tell an element type") { out in
            unsafe CONNXRuntime_elementType(handle.api, info, out)
        }
        guard let type = ElementType.dataType(of: code) else {
            return .unsupported("a tensor of \(ElementType.label(of: code))")
        }
        let rank: Int = try unsafe library.number("tell a rank") { out in
            unsafe CONNXRuntime_rank(handle.api, info, out)
        }
        guard rank <= TensorShape.maxRank else { return .unsupported("a tensor of \(rank) dimensions") }
        var dimensions = [Int64](repeating: -1, count: rank)
        try unsafe library.check(
            CONNXRuntime_dimensions(handle.api, info, &dimensions, rank),
            "tell a shape"
        )
        return .tensor(type, shape: dimensions.map { $0 < 0 ? -1 : Int($0) })
    }
}
