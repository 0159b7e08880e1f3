internal import ApusCore
internal import Synchronization

/// Takes a run's answer apart: the state is kept, the rest goes to the client.
final class SequenceAnswerSink: AnswerSink {
    let lane: any CompletionLane
    private let turn: SequenceFront.Machine.Turn
    private let front: SequenceFront
    private let isRefused = Atomic(false)

    init(_ turn: SequenceFront.Machine.Turn, lane: any CompletionLane, front: SequenceFront) {
        self.turn = turn
        self.lane = lane
        self.front = front
    }

    var demand: Int { turn.request.sink.demand }

    func receive(_ answer: consuming InferenceAnswer) {
        guard front.keepState(in: answer.outputs, of: turn) else {
            return isRefused.store(true, ordering: .relaxed)
        }
        let outputs = front.clientOutputs(answer.outputs, of: turn.request)
        turn.request.sink.receive(answer.withOutputs(outputs))
    }

    func finish(_ end: AnswerEnd) {
        turn.request.ended()
        if isRefused.load(ordering: .relaxed) {
            turn.request.sink.finish(.failure(Scheduler.prefixed(front.noRoomForState, id: turn.request.id)))
        } else {
            turn.request.sink.finish(end)
        }
        front.ended(turn)
    }
}
