package import ApusEngine

extension Scheduler {
    /// What a scheduler needs besides the model.
    package struct Configuration: Sendable {
        /// Parallel instances.
        package var instances: Int
        /// How the version came to be, for its statistics.
        package var loadNanoseconds: UInt64
        /// Whether runs on event loops are allowed at all.
        package var allowsInlineRuns: Bool
        /// Priorities, and how long and how many requests may wait.
        package var queue = QueueRules()
        /// What may share a run.
        package var batching = BatchRules()
        /// Inputs of variable length that are filled up.
        package var padding = PaddingRules()
        /// How the model stands to others that want the same engine threads.
        package var priority = ModelPriority.normal
        /// Opens the model once more, to use other threads; `nil` where there is no choice.
        package var reopen: (@Sendable (ThreadUse) throws(EngineError) -> any EngineSession)?
        /// Told of instances that are lost and made anew, on the thread where it happens.
        package var onEvent: @Sendable (SchedulerEvent) -> Void = { _ in }
        /// For each output of the description its index in the session; `nil` when they are the same.
        package var sessionOutputs: [Int]?
        /// For each input of the description how its shape becomes the session's; `nil` when none differs.
        package var inputShapes: [ShapeTranslation?]?
        /// For each output of the description how the session's shape becomes its own; `nil` when none differs.
        package var outputShapes: [ShapeTranslation?]?

        /// Sets the number of instances; inline runs are allowed unless said otherwise.
        package init(instances: Int, loadNanoseconds: UInt64 = 0, allowsInlineRuns: Bool = true) {
            self.instances = instances
            self.loadNanoseconds = loadNanoseconds
            self.allowsInlineRuns = allowsInlineRuns
            self.sessionOutputs = nil
            self.inputShapes = nil
            self.outputShapes = nil
        }
    }
}
