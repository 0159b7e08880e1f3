internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// A request whose outputs are there is what is delivered to its lane, so that its answer is put together where it is
/// written: on an event loop an engine thread is free meanwhile, and the answer's memory is that of the loop.
///
/// Only where its rows are all there is to know, see `Scheduler.shares`; other answers are `Completion`s.
extension QueuedRequest {
    var lane: any CompletionLane { sink.lane }

    func carryOut() {
        // A second time there would be nobody to tell.
        guard let outputs = takeOutputs() else { return assertionFailure("a request was delivered without outputs") }
        guard var request = takeRequest() else {
            assertionFailure("a request that is being answered belongs to its answer")
            return sink.finish(
                .failure(InferenceError(.internalFailure, "the request was lost on its way to its answer"))
            )
        }
        request.timings = outputs.timings
        var tensors: [NamedTensor] = []
        tensors.reserveCapacity(outputs.tensors.count)
        for place in outputs.tensors.indices {
            guard let tensor = outputs.share.of(outputs.tensors[place]) else {
                // Counted as a success already: it takes outputs that changed their sizes after `Scheduler.shares`.
                assertionFailure("an output has lost its rows")
                return sink.finish(.failure(Scheduler.prefixed(InferenceError(Scheduler.noRows), id: id)))
            }
            tensors.append(NamedTensor(name: outputName(place), tensor: tensor))
        }
        sink.receive(request.answer(with: tensors))
        sink.finish(.success)
    }
}

extension QueuedRequest.RunOutputs.Share {
    /// The request's part of an output; `nil` when it doesn't have these rows.
    fileprivate func of(_ whole: Tensor) -> Tensor? {
        switch self {
        case .all: whole
        case .rows(let rows): BatchTensors.slice(whole, rows: rows)
        }
    }
}
