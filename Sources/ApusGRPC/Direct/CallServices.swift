internal import ApusCore

/// What all calls of one event loop share, in one object of the loop's own.
final class CallServices: Sendable {
    let configuration: GRPCEdgeConfiguration
    /// The process's budget, by a handle of the loop's own.
    let budget: ByteBudget

    init(_ configuration: GRPCEdgeConfiguration) {
        self.configuration = configuration
        self.budget = configuration.budget.makeHandle()
    }
}
