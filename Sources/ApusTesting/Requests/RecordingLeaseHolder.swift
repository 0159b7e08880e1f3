package import ApusCore
internal import Synchronization

/// Counts leases: how many were opened for requests, how many have ended.
package final class RecordingLeaseHolder: LeaseHolder {
    private let openedCount = Atomic(0)
    private let endedCount = Atomic(0)

    /// Makes a holder without leases.
    package init() {}

    /// Leases opened so far.
    package var opened: Int { openedCount.load(ordering: .acquiring) }

    /// Leases ended so far.
    package var ended: Int { endedCount.load(ordering: .acquiring) }

    /// Opens a lease on a model.
    package func lease(_ model: any ServedModel) -> Lease {
        openedCount.add(1, ordering: .acquiringAndReleasing)
        return Lease(model: model, holder: self)
    }

    package func leaseCopied() {
        openedCount.add(1, ordering: .acquiringAndReleasing)
    }

    package func leaseEnded() {
        endedCount.add(1, ordering: .acquiringAndReleasing)
    }
}
