internal import ApusCore
internal import ApusEngine

/// Triton's repeat model: for each element of `IN` an answer with it (`OUT`) and its place (`IDX`), after the
/// milliseconds that `DELAY` says; the run takes `WAIT` milliseconds at least.
final class RepeatSession: EngineSession {
    let signature: ModelSignature
    var allocator: any TensorAllocator { HeapTensorAllocator() }
    let modelName: String
    let places: (input: Int, delay: Int, wait: Int?)
    /// For each output of the configuration whether it is `OUT`.
    let isOut: [Bool]

    init(_ options: SessionOptions, warnings: [String]) throws(EngineError) {
        let inputs = options.configuredInputs
        let outputs = options.configuredOutputs
        self.places = (
            input: try options.place(of: "IN", .int32, in: inputs, kind: "input"),
            delay: try options.place(of: "DELAY", .uint32, in: inputs, kind: "input"),
            wait: inputs.contains { $0.name == "WAIT" }
                ? try options.place(of: "WAIT", .uint32, in: inputs, kind: "input") : nil
        )
        _ = try options.place(of: "OUT", .int32, in: outputs, kind: "output")
        _ = try options.place(of: "IDX", .uint32, in: outputs, kind: "output")
        guard inputs.count == (places.wait == nil ? 2 : 3), outputs.count == 2, options.maxBatchSize == 0 else {
            throw EngineError(
                .invalidModel,
                "built-in model '\(options.modelName)' takes the inputs IN, DELAY and WAIT, gives the outputs OUT and IDX, "
                    + "and needs max_batch_size: 0"
            )
        }
        self.isOut = outputs.map { $0.name == "OUT" }
        self.modelName = options.modelName
        self.signature = ModelSignature(
            inputs: inputs,
            outputs: outputs,
            hasDataDependentCost: true,
            warnings: warnings
        )
    }

    func makeInstance() throws(EngineError) -> any ModelInstance {
        RepeatInstance(self)
    }
}
