package import ApusCore

/// What bounds the work of one request to an ensemble, so that a small configuration can't make an endless one.
package enum EnsembleLimits {
    /// The most ensembles within each other.
    package static let depth = 8
    /// The most requests to other models that one request may make.
    package static let requests = 1024

    /// What an ensemble of these members amounts to, one entry for each step; `nil` entries are no ensembles.
    package static func extent(of steps: [EnsembleExtent?]) -> EnsembleExtent {
        var depth = 0
        var requests = 0
        for step in steps {
            depth = max(depth, step?.depth ?? 0)
            // Each is within its own limit and there are at most so many, so the sum can't overflow.
            requests += 1 + min(step?.requests ?? 0, EnsembleLimits.requests)
        }
        return EnsembleExtent(depth: depth + 1, requests: requests)
    }

    /// Whether it is more than may be.
    package static func allows(_ extent: EnsembleExtent) -> Bool {
        extent.depth <= depth && extent.requests <= requests
    }
}
