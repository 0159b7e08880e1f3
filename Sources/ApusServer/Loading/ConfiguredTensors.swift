internal import ApusCore
internal import ApusProtocol

/// The inputs and outputs that a configuration writes, with full shapes.
struct ConfiguredTensors {
    private let configuration: ModelConfiguration
    private let hasBatch: Bool

    init(_ configuration: ModelConfiguration, hasBatch: Bool) {
        self.configuration = configuration
        self.hasBatch = hasBatch
    }

    var inputNames: [String] { configuration.inputs.map(\.name) }
    var outputNames: [String] { configuration.outputs.map(\.name) }

    /// All inputs, for engines that have no other source.
    func inputs(place: String) throws(ModelError) -> [TensorSpecification] {
        var all: [TensorSpecification] = []
        for name in inputNames {
            if let input = try input(name, place: place) { all.append(input) }
        }
        return all
    }

    /// All outputs, for engines that have no other source.
    func outputs(place: String) throws(ModelError) -> [TensorSpecification] {
        var all: [TensorSpecification] = []
        for name in outputNames {
            if let output = try output(name, place: place) { all.append(output) }
        }
        return all
    }

    /// One input; `nil` when it isn't written.
    func input(_ name: String, place: String) throws(ModelError) -> TensorSpecification? {
        guard let input = configuration.inputs.first(where: { $0.name == name }) else { return nil }
        return try specification(
            name,
            type: input.dataType.v2Name,
            dims: input.dims,
            isOptional: input.isOptional,
            place: place
        )
    }

    /// One output; `nil` when it isn't written.
    func output(_ name: String, place: String) throws(ModelError) -> TensorSpecification? {
        guard let output = configuration.outputs.first(where: { $0.name == name }) else { return nil }
        return try specification(
            name,
            type: output.dataType.v2Name,
            dims: output.dims,
            isOptional: false,
            place: place
        )
    }

    /// The shape that the model has where it isn't the one that clients see; `nil` without a reshape.
    func modelShape(_ name: String) -> [Int]? {
        let reshape =
            configuration.inputs.first { $0.name == name }?.reshape
            ?? configuration.outputs.first { $0.name == name }?.reshape
        return reshape.map { (hasBatch ? [-1] : []) + $0.map { Int($0) } }
    }

    private func specification(
        _ name: String,
        type: String?,
        dims: [Int64],
        isOptional: Bool,
        place: String
    ) throws(ModelError) -> TensorSpecification {
        guard let type, let dataType = DataType(rawValue: type) else {
            throw ModelError(.invalidConfiguration, "\(place): '\(name)' has no usable data_type")
        }
        return TensorSpecification(
            name: name,
            dataType: dataType,
            shape: (hasBatch ? [-1] : []) + dims.map { Int($0) },
            isOptional: isOptional
        )
    }
}
