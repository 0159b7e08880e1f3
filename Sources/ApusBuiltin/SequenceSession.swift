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

/// An instance of the sequence model.
final class SequenceInstance: ModelInstance {
    private let session: SequenceSession
    private let delay = InterruptibleDelay()

    init(_ session: SequenceSession) {
        self.session = session
    }

    func run(inputs: [Tensor?], outputs: [Int], timings: inout RequestTimings) throws(EngineError) -> [Tensor] {
        timings.inputReady = SystemTime().now
        guard delay.wait(nanoseconds: session.delayNanoseconds) else {
            throw EngineError(.terminated, "the run of model '\(session.modelName)' was terminated")
        }
        let sum = try sum(inputs)
        timings.inferEnded = SystemTime().now
        return outputs.map { _ in sum }
    }

    func terminate() {
        delay.interrupt()
    }

    func clearTermination() {
        delay.reset()
    }

    private func sum(_ inputs: [Tensor?]) throws(EngineError) -> Tensor {
        guard inputs.count == session.signature.inputs.count, let input = inputs[session.places.input],
            let before = inputs[session.places.sum]
        else { throw invalid("takes \(session.signature.inputs.count) inputs; some are missing") }
        for (specification, tensor) in zip(session.signature.inputs, inputs) {
            guard tensor?.dataType == specification.dataType else {
                throw invalid("takes \(specification.dataType.rawValue) for its input '\(specification.name)'")
            }
        }
        let count = input.shape.elementCount
        // With a batch dimension each row has its own start.
        let rows = max(1, session.places.start.flatMap { inputs[$0]?.shape.elementCount } ?? 1)
        guard before.shape == input.shape, count % rows == 0 else {
            throw invalid("has INPUT \(input.shape), but the sum so far is \(before.shape)")
        }
        let perRow = max(1, count / rows)
        let sums = (0..<count).map { index -> Int32 in
            let value = input.integer(at: index, as: Int32.self)
            guard !isStart(inputs, row: index / perRow) else { return value }
            return before.integer(at: index, as: Int32.self) &+ value
        }
        return try Tensor(.int32, input.shape, elements: sums)
    }

    private func isStart(_ inputs: [Tensor?], row: Int) -> Bool {
        guard let start = session.places.start.flatMap({ inputs[$0] }) else { return false }
        return switch start.dataType.byteSize {
        case 1: start.integer(at: row, as: UInt8.self) != 0
        case 4: start.integer(at: row, as: UInt32.self) != 0
        default: false
        }
    }

    private func invalid(_ reason: String) -> EngineError {
        EngineError(.invalidInput, "model '\(session.modelName)' \(reason)")
    }
}
