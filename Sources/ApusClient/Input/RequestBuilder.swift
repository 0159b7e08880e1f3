internal import ApusCore

/// Makes requests for one model, from files or from nothing but its metadata.
package struct RequestBuilder: Sendable {
    /// The most elements made up for one request.
    static let maxGeneratedElements = 1 << 24

    /// What the model takes.
    package let metadata: ModelMetadata

    /// Builds for the model that the metadata describes.
    package init(_ metadata: ModelMetadata) {
        self.metadata = metadata
    }

    /// Reads a file's content.
    package func request(from bytes: [UInt8], format: InputFormat) throws(ClientError) -> PreparedRequest {
        switch format {
        case .json: try jsonRequest(bytes)
        case .csv: .tensors(try csvTensors(bytes))
        case .npy: .tensors([try npyTensor(bytes)])
        case .auto: try request(from: bytes, format: InputFormat.detected(in: bytes))
        }
    }

    /// Makes a request of zeros, `false` and empty strings.
    ///
    /// - Parameter batch: The first dimension of inputs that leave it open; 1 when `nil`.
    /// - Returns: A request with every required input.
    /// - Throws: `.invalidInput` when an input can't have that first dimension or would be too large.
    package func zeroRequest(batch: Int?) throws(ClientError) -> PreparedRequest {
        try generated(batch: batch) { type in
            switch type {
            case .bool: .bool(false)
            case .bytes: .string("")
            case .fp16, .bf16, .fp32, .fp64: .number("0.0")
            default: .number("0")
            }
        }
    }

    /// Makes a request of random values: floats from 0 to 1, whole numbers from 0 to 9, strings of a few words.
    ///
    /// - Parameters:
    ///   - batch: The first dimension of inputs that leave it open; 1 when `nil`.
    ///   - seed: The same seed makes the same request.
    /// - Returns: A request with every required input.
    /// - Throws: `.invalidInput` when an input can't have that first dimension or would be too large.
    package func randomRequest(batch: Int?, seed: UInt64) throws(ClientError) -> PreparedRequest {
        var random = SplitMix64(seed: seed)
        return try generated(batch: batch) { type in
            switch type {
            case .bool: .bool(Bool.random(using: &random))
            case .bytes: .string(RequestBuilder.words(using: &random))
            case .fp16, .bf16, .fp32, .fp64: .number(NumberText.json(Float(random.next() >> 44) / Float(1 << 20)))
            default: .number(String(Int.random(in: 0...9, using: &random)))
            }
        }
    }

    /// The input that nameless data is for.
    func soleInput(for what: String) throws(ClientError) -> TensorSpecification {
        if let input = metadata.soleInput { return input }
        let names = metadata.inputs.map { "'\($0.name)'" }.joined(separator: ", ")
        let message =
            "the model takes \(metadata.inputs.count) inputs (\(names)), \(what) can't tell them apart; give a CSV file "
            + "whose header names them, a JSON object with a member for each, or a whole v2 request"
        throw ClientError(.invalidInput, message)
    }

    private func generated(
        batch: Int?,
        _ element: (DataType) -> JSONValue
    ) throws(ClientError) -> PreparedRequest {
        var tensors: [InputTensor] = []
        for input in metadata.requiredInputs {
            let shape = try ShapeFit(input).shape(batch: batch)
            guard shape.elementCount <= RequestBuilder.maxGeneratedElements else {
                let message = "input '\(input.name)' would have \(shape.elementCount) elements; give a smaller --batch"
                throw ClientError(.invalidInput, message)
            }
            let elements = (0..<shape.elementCount).map { _ in element(input.dataType) }
            tensors.append(InputTensor(input, shape: shape, elements: elements))
        }
        return .tensors(tensors)
    }

    private static func words(using random: inout SplitMix64) -> String {
        let vocabulary = ["please", "reset", "my", "password", "the", "payment", "failed", "again", "thank", "you"]
        return (0..<4).map { _ in vocabulary[Int.random(in: 0..<vocabulary.count, using: &random)] }
            .joined(separator: " ")
    }
}
