package import ApusCore

/// The tensors of a loaded model.
package struct ModelSignature: Sendable {
    /// An output that has to come back as an input of a sequence's next request, whatever the configuration says.
    package struct State: Sendable {
        /// The input's name.
        package let input: String
        /// The output's name.
        package let output: String
        /// What the first request of a sequence gets.
        package let initial: Tensor

        /// Describes a state.
        package init(input: String, output: String, initial: Tensor) {
            self.input = input
            self.output = output
            self.initial = initial
        }
    }

    /// Inputs in the model's order.
    package let inputs: [TensorSpecification]
    /// Outputs in the model's order.
    package let outputs: [TensorSpecification]
    /// Outputs that are no tensors.
    package let unservedOutputs: [UnservedOutput]
    /// Whether what a run costs may depend on the values of its inputs and not on their sizes alone (Loop, Range, Tile):
    /// then it never runs on an event loop.
    package let hasDataDependentCost: Bool
    /// What the model remembers of a sequence by itself; only requests of sequences can use such a model.
    package let states: [State]
    /// What the loader noticed and a user should read.
    package let warnings: [String]

    /// Collects what an engine says of a model.
    package init(
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        unservedOutputs: [UnservedOutput] = [],
        hasDataDependentCost: Bool = false,
        states: [State] = [],
        warnings: [String] = []
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.unservedOutputs = unservedOutputs
        self.hasDataDependentCost = hasDataDependentCost
        self.states = states
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

/// An instance of a model that gives none, one or many answers to a request (decoupled).
package protocol DecoupledModelInstance: ModelInstance {
    /// Runs the model once and gives its answers away as they come.
    ///
    /// Implementation guidance: as for `run(inputs:outputs:timings:)`; `give` may block the thread until the client takes
    /// more, and throws `EngineError.Code.terminated` when nobody wants further answers.
    ///
    /// - Parameters:
    ///   - inputs: One place for each input of the signature, in its order; `nil` for an optional input left out.
    ///   - outputs: Indices into the signature's outputs, ascending.
    ///   - timings: The instance notes `inputReady` and `inferEnded` in it.
    ///   - give: Takes one answer: one tensor for each index.
    /// - Throws: What the library reported; answers given before stand.
    func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings,
        give: ([Tensor]) throws(EngineError) -> Void
    ) throws(EngineError)
}

/// One parallel copy of a session's calling state: a permit for one run at a time.
///
/// Implementation guidance: `run` blocks its thread for as long as the engine computes. Nobody calls it while another
/// call on the same instance runs; `terminate` comes from any thread at any time.
///
/// A termination is a mark that stays: whether it comes before `run` is called, while inputs are still being copied or in
/// the middle of the computation, the run ends. Only `clearTermination` takes the mark away.
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

    /// Makes the run that is under way, or else the next one, end soon with `EngineError.Code.terminated`.
    func terminate()

    /// Forgets terminations that came before.
    ///
    /// Called before each run, by the one who will call `run`, and not at the same time as `terminate`: whoever gives
    /// instances to requests sees to it that nobody terminates a request's run before this has returned or after the
    /// request has ended.
    func clearTermination()
}
