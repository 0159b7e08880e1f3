import ApusCore
import ApusProtocol
import Testing

/// Raw binary requests: the body is the one input.
struct RawRequestTests {
    private func decode(
        _ inputs: [TensorSpecification],
        body: [UInt8],
        maxBatchSize: Int = 0
    ) throws(InferenceError) -> Tensor {
        let model = ModelDescription(
            id: ModelID(name: ModelName("raw")!, version: .first),
            platform: "test",
            inputs: inputs,
            outputs: [],
            maxBatchSize: maxBatchSize
        )
        let raw = RawRequest(model: model, limits: InputLimits())
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        let decoded = try raw.decode(BytesBody(bytes: body), memory: &memory)
        return decoded.inputs[0].tensor
    }

    private func specification(_ dataType: DataType, _ shape: [Int]) -> [TensorSpecification] {
        [TensorSpecification(name: "x", dataType: dataType, shape: shape)]
    }

    @Test(
        arguments: [
            (DataType.fp32, [-1], 8, [2]), (.fp32, [2, -1], 24, [2, 3]), (.fp32, [-1, 4], 0, [0, 4]),
            (.int64, [2], 16, [2]), (.uint8, [], 1, []), (.uint8, [-1], 0, [0]), (.fp64, [0], 0, [0]),
            (.bf16, [1, -1, 3], 12, [1, 2, 3]),
        ]
    )
    func `one variable size is found out from the body's length`(
        dataType: DataType,
        shape: [Int],
        byteCount: Int,
        expected: [Int]
    ) throws {
        let body = (0..<byteCount).map { UInt8($0) }
        let tensor = try decode(specification(dataType, shape), body: body)
        #expect(tensor.shape.dimensions == expected)
        #expect(tensor.byteArray == body)
    }

    @Test func `a model that batches gets a batch of one`() throws {
        let tensor = try decode(
            specification(.fp32, [-1, -1]),
            body: [UInt8](repeating: 0, count: 12),
            maxBatchSize: 4
        )
        #expect(tensor.shape.dimensions == [1, 3])
    }

    @Test func `a BYTES input takes the whole body as its element`() throws {
        for shape in [[1], [-1], [], [1, -1]] {
            let tensor = try decode(specification(.bytes, shape), body: [7, 8, 9])
            #expect(tensor.byteStrings == [[7, 8, 9]])
            #expect(tensor.shape.rank == shape.count)
        }
        #expect(try decode(specification(.bytes, [1]), body: []).byteArray == [0, 0, 0, 0])
    }

    @Test(
        arguments: [
            (DataType.fp32, [2], 7), (.fp32, [2], 9), (.fp32, [2], 0), (.fp32, [-1], 3), (.fp32, [-1, -1], 8),
            (.fp32, [0, -1], 4), (.fp32, [0, -1], 0), (.bytes, [2], 3), (.bytes, [0], 3),
            (.fp32, [Int.max, -1], 8), (.fp64, [1 << 62], 8), (.fp32, [1 << 61, 4, -1], 8),
        ]
    )
    func `what doesn't fit is refused`(dataType: DataType, shape: [Int], byteCount: Int) {
        let error = #expect(throws: InferenceError.self) {
            try decode(specification(dataType, shape), body: [UInt8](repeating: 0, count: byteCount))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `only models with exactly one input allow it`() {
        let two = specification(.fp32, [1]) + specification(.fp32, [1])
        for inputs in [[], two] {
            let error = #expect(throws: InferenceError.self) { try decode(inputs, body: [0, 0, 0, 0]) }
            #expect(error?.message.contains("exactly one input; this one has \(inputs.count)") == true)
        }
    }
}
