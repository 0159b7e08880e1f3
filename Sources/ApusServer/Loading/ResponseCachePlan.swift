internal import ApusCore
internal import ApusProtocol
internal import ApusScheduling

/// Whether a model's answers are remembered: `response_cache` of `config.pbtxt`, and before it that of `apus.yaml`.
struct ResponseCachePlan: Sendable, Equatable {
    /// Whether they are.
    let isEnabled: Bool
    /// How long an answer may be given, in nanoseconds; `nil` until it has to make room.
    let timeToLive: Int64?

    /// Brings both files together; `place` is the second one, for messages.
    ///
    /// - Throws: `invalidConfiguration` for a model whose answers don't depend on the request alone, and for a time that
    ///   has nothing to limit.
    init(_ configuration: ModelConfiguration, _ settings: ModelSettings, place file: String) throws(ModelError) {
        let written = settings.responseCache
        isEnabled = written.isEnabled ?? configuration.responseCacheEnabled
        timeToLive = written.timeToLive
        let place = "\(file): response_cache"
        guard isEnabled else {
            guard timeToLive == nil else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place).time_to_live limits a cache that is off; write enable: true beside it, or leave it out"
                )
            }
            return
        }
        // What config.pbtxt says against itself has been found there.
        guard !configuration.isSequenceBatching else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) cannot be used with 'sequence_batching', because an answer depends on the requests before "
                    + "it; switch the cache off"
            )
        }
        guard !configuration.isDecoupled else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) cannot be used with 'model_transaction_policy.decoupled', because such a model gives any "
                    + "number of responses; switch one of the two off"
            )
        }
    }

    /// What requests meet first: the cache where there is one, else what stands behind it.
    ///
    /// - Parameters:
    ///   - next: What runs requests.
    ///   - cache: The server's.
    ///   - time: The clock.
    ///   - queue: How `timeout` is to be read.
    /// - Returns: What the version is loaded with.
    func front(
        before next: any RequestFront,
        cache: ResponseCache,
        time: any TimeSource,
        queue: QueueRules
    ) -> any RequestFront {
        // An engine may find out by itself that a model is decoupled.
        guard isEnabled, !next.description.isDecoupled else { return next }
        let configuration = CachingFront.Configuration(timeToLive: timeToLive, queue: queue)
        return CachingFront(next, cache: cache, time: time, configuration: configuration)
    }
}
