package import ApusCore

/// Reads a raw binary request: no JSON at all, the body is the one input's data (CONTRACTS §4).
package struct RawRequest {
    private let model: ModelDescription
    private let limits: InputLimits

    /// Prepares to read requests for a model.
    package init(model: ModelDescription, limits: InputLimits) {
        self.model = model
        self.limits = limits
    }

    /// Makes the one input's tensor of the whole body.
    ///
    /// - Returns: A request without id and parameters.
    /// - Throws: `invalidArgument` when the model doesn't allow such requests or the size doesn't fit,
    ///   `resourceExhausted` without memory.
    package func decode(
        _ body: some BinaryBody,
        memory: inout RequestMemory
    ) throws(InferenceError) -> V2InferRequest {
        guard model.inputs.count == 1, let input = model.inputs.first else {
            throw fault("a raw binary request needs a model with exactly one input; this one has \(model.inputs.count)")
        }
        var request = V2InferRequest()
        request.inputs = [
            NamedTensor(
                name: input.name,
                tensor: input.dataType == .bytes
                    ? try text(body, of: input, memory: &memory)
                    : try numbers(body, of: input, memory: &memory)
            )
        ]
        return request
    }

    private func numbers(
        _ body: some BinaryBody,
        of input: TensorSpecification,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        var sizes = input.shape
        if model.maxBatchSize > 0, sizes.first == -1 { sizes[0] = 1 }
        let variable = sizes.indices.filter { sizes[$0] == -1 }
        guard variable.count <= 1 else {
            throw fault("a raw binary request needs an input with at most one variable dimension")
        }
        let fixed = TensorShape(sizes.map { $0 == -1 ? 1 : $0 })
        guard let rowBytes = fixed?.byteCount(of: input.dataType) else {
            throw fault("the input's shape is larger than anything that can be sent")
        }
        if let index = variable.first {
            guard rowBytes > 0, body.byteCount % rowBytes == 0 else {
                throw sizeFault(input, expected: "a multiple of \(rowBytes)", got: body.byteCount)
            }
            sizes[index] = body.byteCount / rowBytes
        }
        guard let shape = TensorShape(sizes), shape.byteCount(of: input.dataType) == body.byteCount else {
            throw sizeFault(input, expected: "\(rowBytes)", got: body.byteCount)
        }
        let alignment = input.dataType.alignment
        let storage = try body.makeStorage(for: 0..<body.byteCount, alignment: alignment, memory: &memory)
        return Tensor(dataType: input.dataType, shape: shape, storage: storage)
    }

    /// A BYTES input takes the body as its one element.
    private func text(
        _ body: some BinaryBody,
        of input: TensorSpecification,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let sizes = [Int](repeating: 1, count: input.shape.count)
        guard zip(sizes, input.shape).allSatisfy({ $1 == -1 || $1 == 1 }), let shape = TensorShape(sizes) else {
            throw fault("a raw binary request needs a BYTES input of one element")
        }
        guard let length = UInt32(exactly: body.byteCount) else {
            throw sizeFault(input, expected: "no more than \(UInt32.max)", got: body.byteCount)
        }
        try memory.chargeElements(1)
        let content = try body.makeStorage(for: 0..<body.byteCount, alignment: 1, memory: &memory)
        let storage = try memory.allocate(byteCount: body.byteCount + 4, alignment: 1)
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe memory.storeBytes(of: length.littleEndian, as: UInt32.self)
            unsafe content.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[4...]).copyMemory(from: bytes)
            }
        }
        return Tensor(dataType: .bytes, shape: shape, storage: storage)
    }

    private func fault(_ message: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "\(message) (model '\(model.id.name)')",
            field: "Inference-Header-Content-Length",
            hint: "send a JSON request, or one with the binary tensor extension"
        )
    }

    private func sizeFault(_ input: TensorSpecification, expected: String, got: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "input byte size mismatch for input '\(input.name)' for model '\(model.id.name)'. "
                + "Expected \(expected), got \(got)",
            field: input.name,
            expected: "\(expected) bytes",
            got: "\(got) bytes"
        )
    }
}
