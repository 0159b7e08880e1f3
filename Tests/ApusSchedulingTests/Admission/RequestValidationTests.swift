import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct RequestValidationTests {
    private let model = ModelSignature(
        inputs: [
            Model.tensor("a", .fp32, [-1, 2]), Model.tensor("b", .int32, [-1]),
            Model.tensor("c", .bytes, [-1], isOptional: true),
        ],
        outputs: [Model.tensor("x"), Model.tensor("y"), Model.tensor("z")],
        unservedOutputs: [UnservedOutput(name: "map", reason: "it is a map; export with zipmap=False")]
    )
    private let a = NamedTensor(name: "a", tensor: Tensor([1, 2], floats: [1, 2]))
    private let b = NamedTensor(name: "b", tensor: Tensor(.int32, elements: [7] as [Int32]))

    private func validate(
        _ inputs: [NamedTensor],
        outputs: [String] = [],
        maxBatchSize: Int = 0
    ) throws(InferenceError) -> ValidatedCall {
        try RequestValidation(model: Model.description(model, maxBatchSize: maxBatchSize))
            .validate(inputs: inputs, outputs: outputs)
    }

    /// What a request is refused with.
    private func refusal(
        _ inputs: [NamedTensor],
        outputs: [String] = [],
        maxBatchSize: Int = 0
    ) -> InferenceError? {
        let error = #expect(throws: InferenceError.self) {
            try validate(inputs, outputs: outputs, maxBatchSize: maxBatchSize)
        }
        #expect(error?.code == .invalidArgument)
        return error
    }

    @Test func `inputs come in the model's order, whatever order they were sent in`() throws {
        let call = try validate([b, a])
        #expect(call.inputs.map { $0?.dataType } == [.fp32, .int32, nil])
        #expect(call.outputs == [0, 1, 2])
        #expect(call.batchSize == 1)
    }

    @Test func `an optional input may come or not`() throws {
        let c = NamedTensor(name: "c", tensor: Tensor(texts: ["x"]))
        #expect(try validate([a, b, c]).inputs[2]?.dataType == .bytes)
        #expect(try validate([a, b]).inputs[2] == nil)
    }

    @Test func `outputs come in the model's order, each once`() throws {
        #expect(try validate([a, b], outputs: ["z", "x", "z"]).outputs == [0, 2])
        #expect(try validate([a, b], outputs: ["y"]).outputs == [1])
    }

    @Test func `an unknown input is named with those that are allowed`() {
        let error = refusal([a, b, NamedTensor(name: "q", tensor: a.tensor)])
        #expect(error?.message == "unexpected inference input 'q', allowed inputs are: a, b, c")
        #expect(error?.field == "q")
        #expect(error?.hint == "")
    }

    @Test func `a misspelt input is told what was meant`() {
        let named = RequestValidation(
            model: ModelDescription(
                id: ModelID(name: ModelName("m")!, version: .first),
                platform: "test",
                inputs: [TensorSpecification(name: "features", dataType: .fp32, shape: [-1])],
                outputs: []
            )
        )
        #expect {
            try named.validate(inputs: [NamedTensor(name: "faetures", tensor: a.tensor)], outputs: [])
        } throws: { error in
            (error as? InferenceError)?.hint == "did you mean 'features'?"
        }
    }

    @Test func `an unknown output is named with those that are allowed`() {
        let error = refusal([a, b], outputs: ["x", "q"])
        #expect(error?.message == "unexpected inference output 'q', allowed outputs are: x, y, z")
        #expect(error?.field == "q")
        #expect(error?.expected == "x, y, z")
    }

    @Test func `an output that isn't a tensor says how to do without it`() {
        let error = refusal([a, b], outputs: ["map"])
        #expect(error?.message == "inference output 'map' can't be served: it is a map; export with zipmap=False")
    }

    @Test func `an input that comes twice is refused`() {
        #expect(refusal([a, b, a])?.message == "input 'a' already exists in request")
    }

    @Test func `a wrong data type is named with the right one`() {
        let error = refusal([NamedTensor(name: "a", tensor: Tensor(.int64, [1, 2], elements: [1, 2] as [Int64])), b])
        #expect(error?.message == "inference input 'a' data-type is 'INT64', but model 'm' expects 'FP32'")
        #expect(error?.expected == "FP32")
        #expect(error?.got == "INT64")
    }

    @Test(arguments: [
        ([2], "[2]"), ([1, 3], "[1,3]"), ([1, 2, 1], "[1,2,1]"), ([], "[]"),
    ]) func `a wrong shape is named with the right one`(_ dimensions: [Int], _ text: String) throws {
        let count = dimensions.reduce(1, *)
        let tensor = Tensor(dimensions, floats: [Float](repeating: 0, count: count))
        let error = refusal([NamedTensor(name: "a", tensor: tensor), b])
        #expect(error?.message == "unexpected shape for input 'a' for model 'm'. Expected [-1,2], got \(text).")
        #expect(error?.expected == "[-1,2]")
        #expect(error?.got == text)
    }

    @Test func `with max_batch_size a wrong shape comes with Triton's note`() {
        let error = refusal([NamedTensor(name: "a", tensor: Tensor(floats: [1, 2])), b], maxBatchSize: 4)
        #expect(
            error?.message
                == "unexpected shape for input 'a' for model 'm'. Expected [-1,2], got [2]. NOTE: Setting a non-zero "
                + "max_batch_size in the model config requires a batch dimension to be prepended to each input shape."
        )
    }

    @Test func `missing inputs are counted and named`() {
        #expect(
            refusal([b])?.message
                == "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['b'], but missing required "
                + "input(s) ['a']. Please provide all required input(s)."
        )
        #expect(
            refusal([])?.message
                == "expected 2 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing required "
                + "input(s) ['a','b']. Please provide all required input(s)."
        )
    }

    @Test func `a batch up to max_batch_size passes and one beyond is refused`() throws {
        func batch(_ rows: Int) -> [NamedTensor] {
            [
                NamedTensor(name: "a", tensor: Tensor([rows, 2], floats: [Float](repeating: 0, count: rows * 2))),
                NamedTensor(name: "b", tensor: Tensor(.int32, elements: [Int32](repeating: 0, count: rows))),
            ]
        }
        #expect(try validate(batch(4), maxBatchSize: 4).batchSize == 4)
        #expect(try validate(batch(5)).batchSize == 1)
        let error = refusal(batch(5), maxBatchSize: 4)
        #expect(error?.message == "inference request batch-size must be <= 4 for 'm'")
        #expect(error?.got == "5 rows")
    }

    @Test func `inputs of one request have one batch size`() {
        let error = refusal(
            [a, NamedTensor(name: "b", tensor: Tensor(.int32, elements: [1, 2] as [Int32]))],
            maxBatchSize: 4
        )
        #expect(error?.message == "input 'b' batch size does not match other inputs for 'm'")
        #expect(error?.expected == "1")
        #expect(error?.got == "2")
    }

    @Test func `dimensions of no elements pass where any size goes`() throws {
        let none = NamedTensor(name: "a", tensor: Tensor([0, 2], floats: []))
        #expect(try validate([none, b]).inputs[0]?.shape.elementCount == 0)
    }
}
