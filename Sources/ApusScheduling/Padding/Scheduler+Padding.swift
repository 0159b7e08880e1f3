internal import ApusCore
internal import ApusEngine

/// Filling up, so that requests share runs and the engine meets few sizes; nobody outside sees it.
extension Scheduler {
    /// More than this is not made of copies of a row, in bytes: then a run has the size that it has.
    private static let maxFilling = 256 << 20

    /// Fills inputs up to the lengths that the configuration names.
    ///
    /// All of them or none, since their lengths may have to agree: where there is no room, the request runs as it is.
    ///
    /// - Parameters:
    ///   - call: The request as it came.
    ///   - charge: Pays for the memory.
    /// - Returns: The request as it is run.
    func pad(_ call: ValidatedCall, charge: inout ByteCharge?) -> ValidatedCall {
        var inputs = call.inputs
        var cuts: [AxisCut] = []
        var byteCount = 0
        for entry in padding.entries {
            guard let tensor = inputs[entry.input], (0..<tensor.shape.rank).contains(entry.axis),
                case let length = tensor.shape[entry.axis], let size = entry.size(for: length)
            else { continue }
            guard let filled = AxisTensors.byteCount(tensor, axis: entry.axis, size: size),
                padding.pay(filled, after: byteCount, charge: &charge),
                let longer = AxisTensors.fill(
                    tensor,
                    axis: entry.axis,
                    to: size,
                    with: entry.element,
                    allocator: allocator
                )
            else { return call }
            byteCount += filled
            inputs[entry.input] = longer
            for following in entry.outputs {
                guard let place = call.outputs.firstIndex(of: following.output) else { continue }
                cuts.append(AxisCut(place: place, axis: following.axis, length: length, filled: size))
            }
        }
        return ValidatedCall(inputs: inputs, outputs: call.outputs, batchSize: call.batchSize, cuts: cuts)
    }

    /// Outputs as long as the request's own inputs.
    ///
    /// - Throws: `runFailed` for an output that isn't as long as its input, so that nobody knows what to cut.
    func cutBack(_ tensors: [Tensor], of call: ValidatedCall) throws(EngineError) -> [Tensor] {
        guard !call.cuts.isEmpty else { return tensors }
        var tensors = tensors
        for cut in call.cuts {
            let tensor = tensors[cut.place]
            let dimensions = tensor.shape.dimensions
            guard dimensions.indices.contains(cut.axis), dimensions[cut.axis] == cut.filled else {
                let name = description.outputs[call.outputs[cut.place]].name
                throw EngineError(
                    .runFailed,
                    "output '\(name)' has the shape \(tensor.shape), but scheduling.pad in apus.yaml says that its "
                        + "dimension \(cut.axis) is as long as an input that was filled up to \(cut.filled)"
                )
            }
            guard let short = AxisTensors.cut(tensor, axis: cut.axis, to: cut.length, allocator: allocator) else {
                throw EngineError(.outOfMemory, "there is no memory to cut an output back to its request's length")
            }
            tensors[cut.place] = short
        }
        return tensors
    }

    /// How many rows a run of these parts is filled up to.
    func filledRows(_ members: [BatchPart<QueuedRequest>], on permit: Permit) -> Int {
        let rows = members.reduce(0) { $0 + $1.rows.count }
        guard permit.mayShare, let last = members.last?.request, !last.keys.isAlone else { return rows }
        let filled = allowedSizes.filled(rows)
        let row = last.call.inputs.reduce(0) { $0 + ($1?.storage.byteCount ?? 0) } / max(1, last.rows)
        let (bytes, overflow) = row.multipliedReportingOverflow(by: filled - rows)
        return overflow || bytes > Scheduler.maxFilling ? rows : filled
    }
}
