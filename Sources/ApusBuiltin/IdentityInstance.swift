package import ApusCore
package import ApusEngine

/// Gives inputs back, after the delay that its session has.
package final class IdentityInstance: ModelInstance {
    private let session: IdentitySession
    private let delay = InterruptibleDelay()

    /// Makes what one call at a time needs.
    init(_ session: IdentitySession) {
        self.session = session
    }

    package func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings
    ) throws(EngineError) -> [Tensor] {
        timings.inputReady = SystemTime().now
        let isFinished = delay.wait(nanoseconds: session.delayNanoseconds)
        timings.inferEnded = SystemTime().now
        guard isFinished else {
            throw EngineError(.terminated, "the run of model '\(session.modelName)' was terminated")
        }
        try session.failure?.check(inputs)
        var tensors: [Tensor] = []
        tensors.reserveCapacity(outputs.count)
        for index in outputs { tensors.append(try tensor(index, inputs)) }
        return tensors
    }

    package func terminate() {
        delay.interrupt()
    }

    package func clearTermination() {
        delay.reset()
    }

    /// The input that stands for an output.
    private func tensor(_ index: Int, _ inputs: [Tensor?]) throws(EngineError) -> Tensor {
        let specifications = session.signature.inputs
        guard inputs.count == specifications.count, specifications.indices.contains(index) else {
            throw invalid(
                "takes \(specifications.count) inputs and gives as many outputs; "
                    + "\(inputs.count) came and output \(index) is asked for"
            )
        }
        let specification = specifications[index]
        guard let tensor = inputs[index] else { throw invalid("needs its input '\(specification.name)'") }
        guard tensor.dataType == specification.dataType else {
            throw invalid(
                "takes \(specification.dataType.rawValue) for its input '\(specification.name)', "
                    + "not \(tensor.dataType.rawValue)"
            )
        }
        return tensor
    }

    /// The error for a call that doesn't fit the signature.
    private func invalid(_ reason: String) -> EngineError {
        EngineError(.invalidInput, "model '\(session.modelName)' \(reason)")
    }
}
