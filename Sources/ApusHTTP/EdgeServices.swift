internal import ApusCore

/// What all requests of one event loop share, in one object of the loop's own: a request counts one reference to it
/// instead of one to each part.
final class EdgeServices: Sendable {
    let configuration: HTTPEdgeConfiguration
    /// The process's budget, by a handle of the loop's own.
    let budget: ByteBudget

    init(_ configuration: HTTPEdgeConfiguration) {
        self.configuration = configuration
        self.budget = configuration.budget.makeHandle()
    }
}
