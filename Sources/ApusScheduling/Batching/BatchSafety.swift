internal import ApusCore
internal import ApusEngine

/// Finds out whether a model may be asked several requests in one run: whether rows leave each other alone.
///
/// That first dimensions are dynamic is not enough: a model may normalise over its batch, attend across it, or sum it
/// up. So rows that differ are run alone and together, and must come out the same.
enum BatchSafety {
    /// What is known.
    enum Verdict: Equatable {
        /// Nothing yet: the proof needs a request.
        case unknown
        /// Proved.
        case isSafe
        /// Requests never share a run, for this reason.
        case isUnsafe(String)
    }

    /// What can be said of a model without a run.
    static func firstVerdict(_ description: ModelDescription, layout: SessionLayout) -> Verdict {
        guard !description.isDecoupled else { return .isUnsafe("the model may give several answers to a request") }
        for tensor in description.inputs + description.outputs where tensor.shape.first != -1 {
            return .isUnsafe("the first dimension of '\(tensor.name)' is fixed")
        }
        guard !description.inputs.isEmpty else { return .isUnsafe("the model has no inputs") }
        if let optional = description.inputs.first(where: \.isOptional) {
            return .isUnsafe("input '\(optional.name)' is optional: a proof with it says nothing of runs without it")
        }
        guard description.maxBatchSize != 1 else { return .isUnsafe("max_batch_size is 1") }
        guard !layout.translatesShapes else { return .isUnsafe("the configuration reshapes tensors") }
        return .unknown
    }

    /// Runs the proof on an instance that the caller has the permit for.
    ///
    /// - Parameters:
    ///   - inputs: The inputs of a request, in the session's order.
    ///   - outputs: The outputs to compare, as the session numbers them.
    ///   - maxRows: The most rows that the user allows in a run.
    ///   - instance: Runs the model.
    ///   - allocator: Where the rows' memory comes from.
    /// - Returns: The verdict; `unknown` when no two rows could be told apart.
    /// - Throws: `instanceLost` when the proof was the end of the instance.
    static func prove(
        inputs: [Tensor?],
        outputs: [Int],
        maxRows: Int,
        on instance: any ModelInstance,
        allocator: any TensorAllocator
    ) throws(EngineError) -> Verdict {
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 0))
        var rows: [[Tensor?]] = []
        var alone: [[Tensor]] = []
        for row in ProbeRows.make(from: inputs, allocator: allocator).prefix(maxRows) {
            do throws(EngineError) {
                alone.append(try instance.run(inputs: row, outputs: outputs, timings: &timings))
                rows.append(row)
            } catch {
                // A row that was made up may be none that the model takes; that says nothing of batches.
                if error.code == .instanceLost { throw error }
            }
        }
        guard rows.count > 1, areTellingApart(alone) else { return .unknown }
        do throws(EngineError) {
            guard let joined = join(rows, allocator: allocator) else { return .unknown }
            let together = try instance.run(inputs: joined, outputs: outputs, timings: &timings)
            for output in outputs.indices {
                guard together[output].shape.first == rows.count else {
                    return .isUnsafe("output \(outputs[output]) doesn't have a row for each row of the inputs")
                }
                for row in rows.indices {
                    guard let slice = BatchTensors.slice(together[output], rows: row..<row + 1),
                        TensorAgreement.agree(alone[row][output], slice)
                    else { return .isUnsafe("rows that are run together come out different than alone") }
                }
            }
            return .isSafe
        } catch {
            if error.code == .instanceLost { throw error }
            guard error.code != .terminated, error.code != .outOfMemory else { return .unknown }
            return .isUnsafe("a trial with several rows failed: \(error.message)")
        }
    }

    /// Whether some output differs between rows: if all rows gave the same, mixing them up would not show.
    private static func areTellingApart(_ answers: [[Tensor]]) -> Bool {
        answers[0].indices.contains { output in
            answers.dropFirst().contains { !TensorAgreement.agree($0[output], answers[0][output]) }
        }
    }

    private static func join(_ rows: [[Tensor?]], allocator: any TensorAllocator) -> [Tensor?]? {
        var joined: [Tensor?] = []
        for input in rows[0].indices {
            let parts = rows.compactMap { row in row[input].map { (tensor: $0, rows: 0..<1) } }
            guard !parts.isEmpty else {
                joined.append(nil)
                continue
            }
            guard let tensor = BatchTensors.join(parts, allocator: allocator) else { return nil }
            joined.append(tensor)
        }
        return joined
    }
}
