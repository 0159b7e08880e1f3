internal import ApusCore

/// Takes what one step's model says and tells the request that the step belongs to.
///
/// It lives on the lane of the ensemble's own sink, so that models cheaper than a thread hop run on its event loop.
final class EnsembleStepSink: AnswerSink {
    let lane: any CompletionLane
    /// Each step gives one answer.
    var demand: Int { 1 }
    private let run: EnsembleRun
    private let step: Int

    init(_ run: EnsembleRun, step: Int, lane: any CompletionLane) {
        self.run = run
        self.step = step
        self.lane = lane
    }

    func receive(_ answer: consuming InferenceAnswer) {
        run.stepAnswered(step, with: answer.outputs)
    }

    func finish(_ end: AnswerEnd) {
        run.stepEnded(step, end)
    }
}
