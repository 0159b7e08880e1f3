internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// A request whose outputs are there is what is delivered to its lane: its answer is put together there, so that an engine
/// thread is soon free, and what the answer consists of is memory of the thread that writes it.
extension QueuedRequest {
    var lane: any CompletionLane { sink.lane }

    func run() {
        guard let outputs = takeOutputs(), var request = takeRequest() else {
            return assertionFailure("a request was delivered without its outputs")
        }
        request.timings = outputs.timings
        var tensors: [NamedTensor] = []
        tensors.reserveCapacity(outputs.tensors.count)
        for (place, whole) in outputs.tensors.enumerated() {
            guard let tensor = outputs.rows.map({ BatchTensors.slice(whole, rows: $0) }) ?? whole else {
                assertionFailure("an output has lost its rows")
                return sink.finish(.failure(Scheduler.prefixed(InferenceError(Scheduler.noRows), id: id)))
            }
            tensors.append(NamedTensor(name: outputName(place), tensor: tensor))
        }
        sink.receive(request.answer(with: tensors))
        sink.finish(.success)
    }
}
