package import ApusCore
internal import Synchronization

/// Looks at the values of inputs before a request goes on: what `apus.yaml` says that they must be.
///
/// The one place for all protocols, in front of everything else that a version has; a model without rules has none of
/// it. See docs/decisions/0018-input-validation.md.
package final class ValidatingFront: RequestFront {
    private let next: any RequestFront
    private let rules: [InputRule]
    private let time: any TimeSource
    /// Requests that it refused.
    private let own = Mutex(ModelStatistics())

    /// Puts rules before a version.
    package init(_ next: any RequestFront, rules: [InputRule], time: any TimeSource) {
        self.next = next
        self.rules = rules
        self.time = time
    }

    package var description: ModelDescription { next.description }
    package var allocator: any TensorAllocator { next.allocator }

    package func statistics() -> ModelStatistics {
        var statistics = next.statistics()
        statistics.add(own.withLock { $0 })
        return statistics
    }

    package func checkReadiness() throws(InferenceError) {
        try next.checkReadiness()
    }

    package func close() {
        next.close()
    }

    package func unload() {
        next.unload()
    }

    package var traffic: TrafficHistory { next.traffic }

    package func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError) {
        try next.warmUp(samples, after: traffic)
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        guard let error = violation(in: request.inputs) else { return next.submit(request, to: sink) }
        let elapsed = time.now.nanoseconds(since: request.timings.received)
        own.withLock { $0.recordFailure(error.code.failureReason, nanoseconds: elapsed) }
        Scheduler.deliver(Scheduler.prefixed(error, id: request.id), to: sink)
        return .finished
    }

    private func violation(in inputs: [NamedTensor]) -> InferenceError? {
        for input in inputs {
            for rule in rules where rule.input == input.name {
                guard let violation = rule.violation(in: input.tensor) else { continue }
                return rule.error(for: violation, in: input.tensor.shape)
            }
        }
        return nil
    }
}
