internal import ApusCore
internal import ApusEngine

extension EngineConformance {
    /// A decoupled model gives its answers one by one, stops when nobody wants more, and answers again afterwards.
    ///
    /// - Parameter count: How many answers the model's inputs lead to, two or more.
    /// - Throws: The first requirement that isn't met.
    package func checkDecoupled(answers count: Int) throws(ConformanceFailure) {
        let session = try makeSession(model)
        guard let instance = try makeInstance(session) as? any DecoupledModelInstance else {
            throw ConformanceFailure("the model's instances don't give several answers")
        }
        let outputs = Array(session.signature.outputs.indices)
        for asked in outputs.map({ [$0] }) + [outputs] {
            let (answers, error) = stream(instance, outputs: asked, limit: .max)
            try expect(error == nil, "a call that fits the model failed: \(error?.message ?? "")")
            try expect(answers.count == count, "\(answers.count) answers came instead of \(count)")
            try expect(
                answers.allSatisfy { $0.count == asked.count },
                "an answer hasn't one tensor for each output asked"
            )
            for (place, index) in asked.enumerated() {
                let type = session.signature.outputs[index].dataType
                try expect(
                    answers.allSatisfy { $0[place].dataType == type },
                    "an answer has another type than output \(index)"
                )
            }
        }
        let (some, refused) = stream(instance, outputs: outputs, limit: 1)
        try expect(some.count == 1, "the model went on giving answers when nobody took them")
        try expect(refused?.code == .terminated, "a run whose answers nobody takes doesn't end as terminated")
        instance.terminate()
        let (none, terminated) = stream(instance, outputs: outputs, limit: .max)
        try expect(none.isEmpty && terminated?.code == .terminated, "a terminated run gives answers")
        instance.clearTermination()
        try expect(stream(instance, outputs: outputs, limit: .max).answers.count == count, "it doesn't answer again")
    }

    /// Runs an instance and takes so many of its answers.
    private func stream(
        _ instance: any DecoupledModelInstance,
        outputs: [Int],
        limit: Int
    ) -> (answers: [[Tensor]], error: EngineError?) {
        var answers: [[Tensor]] = []
        var timings = RequestTimings(received: SystemTime().now)
        do throws(EngineError) {
            try instance.run(inputs: model.inputs, outputs: outputs, timings: &timings) { tensors throws(EngineError) in
                guard answers.count < limit else { throw EngineError(.terminated, "no more") }
                answers.append(tensors)
            }
            return (answers, nil)
        } catch {
            return (answers, error)
        }
    }
}
