/// One question to one model version, consumed once.
///
/// Edges make it, `InferenceService.submit` takes it. It owns the lease of its version and its share of the byte
/// budget; both end when the answer has been written or the request is dropped.
package struct InferenceRequest: ~Copyable, Sendable {
    /// The caller's name for the request, echoed in the answer; empty when none was sent.
    package var id: String = ""
    /// The operation that the gate decided on.
    package var operation: Operation = .infer
    /// Who asks.
    package var caller: Caller = .anonymous
    /// Input tensors by name, in the request's order.
    package var inputs: [NamedTensor]
    /// Names of the outputs wanted; empty for all.
    package var requestedOutputs: [String] = []
    /// When the answer is no longer wanted.
    package var deadline: Deadline = .none
    /// How long the request may wait by its own word, in nanoseconds; 0 when it says nothing.
    ///
    /// Counts only where the model's configuration has a queue policy that allows it.
    package var queueTimeout: Int64 = 0
    /// 0 is the default level, 1 the highest.
    package var priority: UInt64 = 0
    /// Its place in a sequence; `nil` for a request that stands alone.
    package var sequence: SequencePosition?
    /// Ensembles that it is a step of, one within the other; 0 for a request from outside.
    package var ensembleDepth = 0
    /// Parameters that are not the protocol's own.
    package var parameters: [String: ParameterValue] = [:]
    /// The W3C `traceparent` that came along; empty when none.
    package var traceParent: String = ""
    /// When it passed which station.
    package var timings: RequestTimings
    /// The bytes that it holds of the budget besides its body, which the edge accounts for; `nil` when they are few.
    package var charge: ByteCharge?
    /// Keeps the version alive.
    package var lease: Lease

    /// Starts a request with what it can't do without.
    package init(inputs: [NamedTensor], timings: RequestTimings, lease: consuming Lease) {
        self.inputs = inputs
        self.timings = timings
        self.lease = lease
        self.sequence = nil
        self.charge = nil
    }

    /// Ends the request with an answer, which takes lease and charge over.
    package consuming func answer(with outputs: [NamedTensor]) -> InferenceAnswer {
        InferenceAnswer(id: id, outputs: outputs, timings: timings, lease: lease, charge: charge)
    }
}

/// One answer of a model; most requests get exactly one.
package struct InferenceAnswer: ~Copyable, Sendable {
    /// The request's id.
    package let id: String
    /// Output tensors in the model's order, filtered to the ones asked for.
    package let outputs: [NamedTensor]
    /// The request's way through the stations.
    package let timings: RequestTimings
    /// Keeps the version alive until the answer is written.
    package let lease: Lease
    /// The byte charge of the request, held until the answer is written.
    package let charge: ByteCharge?

    /// Puts an answer together.
    package init(
        id: String,
        outputs: [NamedTensor],
        timings: RequestTimings,
        lease: consuming Lease,
        charge: consuming ByteCharge?
    ) {
        self.id = id
        self.outputs = outputs
        self.timings = timings
        self.lease = lease
        self.charge = charge
    }

    /// The same answer to another request than the one that it was computed for.
    package consuming func readdressed(id: String, timings: RequestTimings) -> InferenceAnswer {
        InferenceAnswer(id: id, outputs: outputs, timings: timings, lease: lease, charge: charge)
    }

    /// The same answer with other outputs.
    package consuming func withOutputs(_ outputs: [NamedTensor]) -> InferenceAnswer {
        InferenceAnswer(id: id, outputs: outputs, timings: timings, lease: lease, charge: charge)
    }
}
