internal import ApusCore
internal import ApusEngine

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
