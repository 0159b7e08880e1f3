internal import ApusCore
internal import ApusEngine

/// Triton's sequence model: `OUTPUT` is the sum of all `INPUT`s of a sequence, INT32; a request with `START` begins anew.
///
/// The sum travels as a state that the model has by itself, so that configurations written for Triton, which keeps it in
/// the model's instance, serve unchanged. Other controls are taken and not looked at.
final class SequenceSession: EngineSession {
    static let stateInput = "apus_sum_in"
    static let stateOutput = "apus_sum_out"

    let signature: ModelSignature
    var allocator: any TensorAllocator { HeapTensorAllocator() }
    let modelName: String
    let delayNanoseconds: Int64
    /// Places of the inputs that are looked at.
    let places: (input: Int, start: Int?, sum: Int)
    /// Outputs besides the state.
    let outputCount: Int

    init(_ options: SessionOptions, delayNanoseconds: Int64, warnings: [String]) throws(EngineError) {
        let inputs = options.configuredInputs
        let outputs = options.configuredOutputs
        let input = try options.place(of: "INPUT", .int32, in: inputs, kind: "input")
        let output = try options.place(of: "OUTPUT", .int32, in: outputs, kind: "output")
        let shape = inputs[input].shape
        guard outputs.count == 1, outputs[output].shape == shape else {
            throw EngineError(
                .invalidModel,
                "built-in model '\(options.modelName)' gives one output, OUTPUT, of the same dims as INPUT"
            )
        }
        let first = shape.map { $0 == -1 ? 1 : $0 }
        guard let initial = TensorShape(first), initial.elementCount <= 1 << 20 else {
            throw EngineError(.invalidModel, "built-in model '\(options.modelName)' takes up to 2^20 numbers a request")
        }
        let zeros = try Tensor(.int32, initial, elements: [Int32](repeating: 0, count: initial.elementCount))
        let start = inputs.firstIndex { $0.name == "START" }
        self.places = (input: input, start: start, sum: inputs.count)
        self.modelName = options.modelName
        self.delayNanoseconds = delayNanoseconds
        self.outputCount = outputs.count
        self.signature = ModelSignature(
            inputs: inputs + [TensorSpecification(name: Self.stateInput, dataType: .int32, shape: shape)],
            outputs: outputs + [TensorSpecification(name: Self.stateOutput, dataType: .int32, shape: shape)],
            states: [.init(input: Self.stateInput, output: Self.stateOutput, initial: zeros)],
            warnings: warnings
        )
    }

    func makeInstance() throws(EngineError) -> any ModelInstance {
        SequenceInstance(self)
    }
}
