package import ApusCore

/// The tensors of a loaded model.
package struct ModelSignature: Sendable {
    /// Inputs in the model's order.
    package let inputs: [TensorSpecification]
    /// Outputs in the model's order.
    package let outputs: [TensorSpecification]
    /// Outputs that are no tensors.
    package let unservedOutputs: [UnservedOutput]
    /// Whether the graph may run for an unknown time (Loop, Scan, If): then it never runs on an event loop.
    package let hasControlFlow: Bool
    /// What the loader noticed and a user should read.
    package let warnings: [String]

    /// Collects what an engine says of a model.
    package init(
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        unservedOutputs: [UnservedOutput] = [],
        hasControlFlow: Bool = false,
        warnings: [String] = []
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.unservedOutputs = unservedOutputs
        self.hasControlFlow = hasControlFlow
        self.warnings = warnings
    }
}

/// A model loaded in an engine, in this process or in a worker.
package protocol EngineSession: AnyObject, Sendable {
    /// Its inputs and outputs.
    var signature: ModelSignature { get }
    /// Where decoders should put input tensors.
    var allocator: any TensorAllocator { get }
    /// Makes what one call at a time needs.
    func makeInstance() throws(EngineError) -> any ModelInstance
}

/// One parallel copy of a session's calling state: a permit for one run at a time.
///
/// Implementation guidance: `run` blocks its thread for as long as the engine computes. Nobody calls it while another
/// call on the same instance runs; `terminate` comes from any thread at any time.
package protocol ModelInstance: AnyObject, Sendable {
    /// Runs the model once.
    ///
    /// - Parameters:
    ///   - inputs: One place for each input of the signature, in its order; `nil` for an optional input left out.
    ///   - outputs: Indices into the signature's outputs, ascending.
    ///   - timings: The instance notes `inputReady` and `inferEnded` in it.
    /// - Returns: One tensor for each index.
    /// - Throws: What the library reported.
    func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings
    ) throws(EngineError) -> [Tensor]

    /// Makes a run that is under way end soon, with `EngineError.Code.terminated`.
    func terminate()
}
