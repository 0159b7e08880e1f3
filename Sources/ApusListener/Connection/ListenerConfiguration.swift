package import ApusCore

/// What a listener allows its connections.
package struct ListenerConfiguration: Sendable {
    /// Sizes of what clients may send.
    package var limits: InputLimits
    /// How long connections may stay in each state.
    package var timeouts: ConnectionTimeouts
    /// Bytes in flight of all connections together.
    package var budget: ByteBudget
    /// The most connections at once; more wait to be accepted.
    package var maxConnections: Int
    /// Bytes of later requests taken while one is being answered.
    package var maxPipelinedBytes = 256 << 10

    /// Puts limits together.
    package init(limits: InputLimits, timeouts: ConnectionTimeouts, budget: ByteBudget, maxConnections: Int) {
        self.limits = limits
        self.timeouts = timeouts
        self.budget = budget
        self.maxConnections = maxConnections
    }
}
