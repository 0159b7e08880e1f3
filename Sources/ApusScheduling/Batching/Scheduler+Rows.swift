internal import ApusCore

/// Puts rows of requests together for a run, and takes its outputs apart.
extension Scheduler {
    /// The inputs of a run: those of the only request as they are, else rows put together, with copies of the last one
    /// behind them until there are as many as asked for.
    func join(_ members: [BatchPart<QueuedRequest>], rows: Int) -> [Tensor?]? {
        let first = members[0].request
        let filling = rows - members.reduce(0) { $0 + $1.rows.count }
        if members.count == 1, filling == 0, members[0].rows.count == first.rows { return first.call.inputs }
        guard members.allSatisfy({ $0.request.call.outputs == first.call.outputs && !$0.request.keys.isAlone }) else {
            return nil
        }
        var joined: [Tensor?] = []
        for input in first.call.inputs.indices {
            let parts = members.compactMap { member in
                member.request.call.inputs[input].map { (tensor: $0, rows: member.rows) }
            }
            guard !parts.isEmpty else {
                joined.append(nil)
                continue
            }
            guard parts.count == members.count,
                let tensor = BatchTensors.join(parts, filling: filling, allocator: allocator)
            else { return nil }
            joined.append(tensor)
        }
        return joined
    }

    /// What of a run's outputs belongs to each of its requests.
    ///
    /// Answers may be put together on their lanes then: see `QueuedRequest.carryOut`.
    ///
    /// - Parameters:
    ///   - members: The run's parts.
    ///   - tensors: Its outputs.
    ///   - rows: How many rows it had, those among them that it was filled up with.
    /// - Returns: `nil` when rows are not all there is to know: an order is kept, a request was split or is cut back, or
    ///   elements have no fixed size or an output not one row for each of the inputs'.
    func shares(
        of members: [BatchPart<QueuedRequest>],
        in tensors: [Tensor],
        rows: Int
    ) -> [QueuedRequest.RunOutputs.Share]? {
        guard !keepsOrder, members.allSatisfy({ $0.rows == 0..<$0.request.rows && $0.request.call.cuts.isEmpty }) else {
            return nil
        }
        if members.count == 1, rows == members[0].request.rows { return [.all] }
        guard tensors.allSatisfy({ $0.dataType != .bytes && $0.shape.first == rows }) else { return nil }
        var end = 0
        return members.map { member in
            defer { end += member.rows.count }
            return .rows(end..<end + member.rows.count)
        }
    }

    /// The outputs of each part of a run with so many rows, without what it was filled up with; `nil` when an output
    /// doesn't have exactly one row for each row of the inputs.
    func takeApart(_ tensors: [Tensor], for members: [BatchPart<QueuedRequest>], rows: Int) -> [[Tensor]]? {
        if members.count == 1, members[0].rows == 0..<rows, rows == members[0].request.rows { return [tensors] }
        let counts = members.map(\.rows.count)
        let filling = rows - counts.reduce(0, +)
        var pieces = [[Tensor]](repeating: [], count: members.count)
        for tensor in tensors {
            guard let parts = BatchTensors.cut(tensor, counts: counts + (filling > 0 ? [filling] : [])) else {
                return nil
            }
            for (index, part) in parts.prefix(members.count).enumerated() { pieces[index].append(part) }
        }
        return pieces
    }

    /// The outputs of a request that was split, put together.
    func merge(_ pieces: ShortList<QueuedRequest.Piece>) -> [Tensor]? {
        guard pieces.count > 1 else { return pieces.first?.outputs }
        let pieces = pieces.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
        var merged: [Tensor] = []
        for output in pieces[0].outputs.indices {
            let parts = pieces.map { (tensor: $0.outputs[output], rows: 0..<$0.rows.count) }
            guard let tensor = BatchTensors.join(parts, allocator: allocator) else { return nil }
            merged.append(tensor)
        }
        return merged
    }
}
