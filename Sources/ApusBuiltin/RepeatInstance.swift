internal import ApusCore
internal import ApusEngine

/// An instance of the repeat model.
final class RepeatInstance: DecoupledModelInstance {
    private let session: RepeatSession
    private let delay = InterruptibleDelay()

    init(_ session: RepeatSession) {
        self.session = session
    }

    func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings,
        give: ([Tensor]) throws(EngineError) -> Void
    ) throws(EngineError) {
        let began = SystemTime().now
        timings.inputReady = began
        let call = try check(inputs)
        for index in 0..<call.count {
            try wait(call.delay.integer(at: index, as: UInt32.self))
            let tensors = try outputs.map { output throws(EngineError) in
                session.isOut[output]
                    ? try Tensor(.int32, Self.one, elements: [call.input.integer(at: index, as: Int32.self)])
                    : try Tensor(.uint32, Self.one, elements: [UInt32(truncatingIfNeeded: index)])
            }
            try give(tensors)
        }
        let elapsed = SystemTime().now.nanoseconds(since: began) / 1_000_000
        try wait(UInt32(clamping: Int64(call.wait) - Int64(clamping: elapsed)))
        timings.inferEnded = SystemTime().now
    }

    /// For those who can take one answer only.
    func run(inputs: [Tensor?], outputs: [Int], timings: inout RequestTimings) throws(EngineError) -> [Tensor] {
        var answers: [[Tensor]] = []
        try run(inputs: inputs, outputs: outputs, timings: &timings) { answers.append($0) }
        guard answers.count == 1 else {
            throw EngineError(
                .runFailed,
                "model '\(session.modelName)' gives \(answers.count) answers where one is taken; write "
                    + "model_transaction_policy { decoupled: true }"
            )
        }
        return answers[0]
    }

    func terminate() {
        delay.interrupt()
    }

    func clearTermination() {
        delay.reset()
    }

    private static let one = TensorShape([1])!

    private func wait(_ milliseconds: UInt32) throws(EngineError) {
        guard delay.wait(nanoseconds: Int64(milliseconds) * 1_000_000) else {
            throw EngineError(.terminated, "the run of model '\(session.modelName)' was terminated")
        }
    }

    private func check(
        _ inputs: [Tensor?]
    ) throws(EngineError) -> (input: Tensor, delay: Tensor, wait: UInt32, count: Int) {
        let specifications = session.signature.inputs
        guard inputs.count == specifications.count else {
            throw invalid("takes \(specifications.count) inputs; \(inputs.count) came")
        }
        for (specification, tensor) in zip(specifications, inputs) {
            guard let tensor else { throw invalid("needs its input '\(specification.name)'") }
            guard tensor.dataType == specification.dataType else {
                throw invalid("takes \(specification.dataType.rawValue) for its input '\(specification.name)'")
            }
        }
        guard let input = inputs[session.places.input], let delay = inputs[session.places.delay] else {
            throw invalid("needs IN and DELAY")
        }
        guard input.shape == delay.shape else {
            throw invalid("expected IN and DELAY shape to match, got \(input.shape) and \(delay.shape)")
        }
        let wait = session.places.wait.flatMap { inputs[$0] }
        guard wait.map({ $0.shape.elementCount == 1 }) ?? true else { throw invalid("unexpected size for WAIT input") }
        return (input, delay, wait?.integer(at: 0, as: UInt32.self) ?? 0, input.shape.elementCount)
    }

    private func invalid(_ reason: String) -> EngineError {
        EngineError(.invalidInput, "model '\(session.modelName)': \(reason)")
    }
}
