/// What a scheduler keeps of a request that may still be called back.
package protocol CancellableRequest: AnyObject, Sendable {
    /// Nobody waits any more.
    func cancel()
    /// The deadline has passed.
    func expire()
}

/// Lets an edge say that nobody waits for an answer any more.
package struct CancellationHandle: Sendable {
    private let request: (any CancellableRequest)?
    /// When the edge should call `expire`: the request's own deadline, or its `timeout` where that is one.
    package let deadline: Deadline

    /// For a request that was answered before `submit` returned.
    package static let finished = CancellationHandle(nil)

    /// Points at a waiting or running request.
    package init(_ request: (any CancellableRequest)?, deadline: Deadline = .none) {
        self.request = request
        self.deadline = deadline
    }

    /// Whether there is nothing left to call back.
    package var isFinished: Bool { request == nil }

    /// Takes the request out of its queue, or has its run terminated.
    package func cancel() {
        request?.cancel()
    }

    /// Has the request answered as expired at once; a run that nobody else wants is terminated.
    package func expire() {
        request?.expire()
    }
}
