package import ApusCore

/// A lane that is everywhere: carries completions out on the thread that delivers them.
package final class ImmediateLane: CompletionLane {
    package let isCurrent: Bool

    /// Makes a lane.
    ///
    /// - Parameter isCurrent: What callers are told; `false` keeps a scheduler from running anything inline.
    package init(isCurrent: Bool = true) {
        self.isCurrent = isCurrent
    }

    package func deliver(_ deliveries: [any Delivery]) {
        for delivery in deliveries { delivery.carryOut() }
    }
}
