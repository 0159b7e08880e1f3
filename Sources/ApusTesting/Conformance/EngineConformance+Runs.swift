internal import ApusCore
internal import ApusEngine
internal import Dispatch
internal import Synchronization

extension EngineConformance {
    /// A run gives one tensor for each output asked for, in the order asked, the same alone and with others.
    package func checkOutputs() throws(ConformanceFailure) {
        let session = try makeSession(model)
        let instance = try makeInstance(session)
        let specifications = session.signature.outputs
        let all = try answer(instance, outputs: Array(specifications.indices))
        try expect(
            all.count == specifications.count,
            "asked for all \(specifications.count) outputs, got \(all.count) tensors"
        )
        for (specification, tensor) in zip(specifications, all) { try check(tensor, against: specification) }
        let ends = [specifications.startIndex, specifications.endIndex - 1]
        for outputs in specifications.indices.map({ [$0] }) + (specifications.count > 2 ? [ends] : []) {
            let some = try answer(instance, outputs: outputs)
            try expect(some.count == outputs.count, "asked for outputs \(outputs), got \(some.count) tensors")
            for (index, tensor) in zip(outputs, some) {
                try expect(
                    tensor.shape == all[index].shape && tensor.byteArray == all[index].byteArray,
                    "output '\(specifications[index].name)' is another when it is asked for with other outputs"
                )
            }
        }
    }

    /// A run notes when its inputs stood ready and when the engine returned.
    package func checkTimings() throws(ConformanceFailure) {
        let instance = try makeInstance(try makeSession(model))
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 0))
        let before = SystemTime().now
        _ = try answer(instance, outputs: [0], timings: &timings)
        let after = SystemTime().now
        let isNoted =
            before <= timings.inputReady && timings.inputReady <= timings.inferEnded && timings.inferEnded <= after
        try expect(isNoted, "inputReady and inferEnded don't lie in this order inside the run")
    }

    /// A call that doesn't fit the model is `invalidInput` with words, and the instance answers the next one.
    package func checkUnfitCalls() throws(ConformanceFailure) {
        let session = try makeSession(model)
        let instance = try makeInstance(session)
        let outputs = Array(session.signature.outputs.indices)
        let expected = try answer(instance, outputs: outputs).map(\.byteArray)
        for (fault, inputs) in unfitInputs(session.signature) {
            var timings = RequestTimings(received: SystemTime().now)
            do throws(EngineError) {
                _ = try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
            } catch {
                try expect(!error.message.isEmpty, "the error of a call with \(fault) has no message")
                try expect(error.code == .invalidInput, "a call with \(fault) ends with the code \(error.code.label)")
                let next = try answer(instance, outputs: outputs)
                try expect(next.map(\.byteArray) == expected, "after a call with \(fault) the instance answers wrongly")
                continue
            }
            throw ConformanceFailure("a call with \(fault) was answered")
        }
    }

    /// Two instances that run at the same time give what one gives alone.
    ///
    /// - Parameter rounds: Runs of each instance.
    /// - Throws: When one gives something else.
    package func checkParallelInstances(rounds: Int = 200) throws(ConformanceFailure) {
        let session = try makeSession(model)
        let outputs = Array(session.signature.outputs.indices)
        let instances = [try makeInstance(session), try makeInstance(session)]
        let expected = try answer(instances[0], outputs: outputs).map(\.byteArray)
        let failure = Mutex<ConformanceFailure?>(nil)
        DispatchQueue.concurrentPerform(iterations: instances.count) { index in
            do throws(ConformanceFailure) {
                for _ in 0..<rounds {
                    let tensors = try answer(instances[index], outputs: outputs)
                    try expect(
                        tensors.map(\.byteArray) == expected,
                        "instance \(index) answers something else while another one runs"
                    )
                }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// A run that was terminated before it was called ends at once; after `clearTermination` the instance answers again.
    package func checkEarlyTermination() throws(ConformanceFailure) {
        let instance = try makeInstance(try makeSession(model))
        for _ in 0..<2 {
            instance.terminate()
            try expectTermination(of: instance, inputs: model.inputs)
            instance.clearTermination()
            _ = try answer(instance, outputs: [0])
        }
    }

    /// One call of `terminate` ends a run that would take very long, whether it comes before or in the run.
    ///
    /// - Parameter slow: A model of the same engine that runs for at least a minute.
    /// - Throws: When a run ends in another way.
    package func checkTermination(of slow: Model) throws(ConformanceFailure) {
        let instance = try makeInstance(try makeSession(slow))
        instance.terminate()
        try expectTermination(of: instance, inputs: slow.inputs)
        for _ in 0..<2 {
            instance.clearTermination()
            let hasEnded = DispatchSemaphore(value: 0)
            // Most likely in the middle of the run; wherever it comes, the run has to end.
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
                instance.terminate()
                hasEnded.signal()
            }
            defer { hasEnded.wait() }
            try expectTermination(of: instance, inputs: slow.inputs)
        }
    }

    /// Runs an instance that must end with the code for terminated runs.
    private func expectTermination(
        of instance: any ModelInstance,
        inputs: [Tensor?]
    ) throws(ConformanceFailure) {
        var timings = RequestTimings(received: SystemTime().now)
        do throws(EngineError) {
            _ = try instance.run(inputs: inputs, outputs: [0], timings: &timings)
        } catch {
            return try expect(
                error.code == .terminated,
                "a terminated run ends with the code \(error.code.label): \(error.message)"
            )
        }
        throw ConformanceFailure("a run came to its end in spite of its termination")
    }

    /// Calls that no model may take, with what is wrong with them.
    private func unfitInputs(_ signature: ModelSignature) -> [(fault: String, inputs: [Tensor?])] {
        var calls: [(String, [Tensor?])] = [
            ("an input too few", Array(model.inputs.dropLast())),
            ("an input too many", model.inputs + [model.inputs.first ?? nil]),
        ]
        for (index, input) in model.inputs.enumerated() {
            guard let input else { continue }
            var inputs = model.inputs
            let type: DataType = input.dataType == .int8 ? .uint8 : .int8
            inputs[index] = Tensor(type, [1], bytes: [0])
            calls.append(("an input of another type", inputs))
            guard !signature.inputs[index].isOptional else { continue }
            inputs[index] = nil
            calls.append(("a required input left out", inputs))
        }
        return calls
    }

    private func check(_ tensor: Tensor, against output: TensorSpecification) throws(ConformanceFailure) {
        let place = "output '\(output.name)'"
        try expect(
            tensor.dataType == output.dataType,
            "\(place) is \(tensor.dataType.rawValue), the signature says \(output.dataType.rawValue)"
        )
        let sizes = tensor.shape.dimensions
        try expect(
            sizes.count == output.shape.count && zip(sizes, output.shape).allSatisfy { $1 == -1 || $0 == $1 },
            "\(place) has the shape \(tensor.shape), the signature says \(output.shape)"
        )
        let isFilled =
            tensor.dataType == .bytes
            ? BytesElements.count(in: tensor.storage.bytes) == tensor.shape.elementCount
            : tensor.storage.byteCount == tensor.shape.byteCount(of: tensor.dataType)
        try expect(isFilled, "the bytes of \(place) don't fit its shape \(tensor.shape)")
    }
}
