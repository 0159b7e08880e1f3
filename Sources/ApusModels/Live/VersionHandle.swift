package import ApusCore
internal import Synchronization

/// A loaded version: what answers for it, and the count of those who use it.
///
/// Not generic, for speed: code for `VersionHandle<Servable>` that looks its types up at run time made a lease cost a
/// microsecond. `ModelManager` and `VersionLease` put the type back.
///
/// One word holds both facts that race: the number of leases, and, as its sign bit, whether the version is closed.
/// - A lease opens only by raising a word that is not negative, in one exchange: once closed, no lease opens.
/// - After closing the count only falls, so the word comes to "closed, none left" exactly once: either `close()` finds
///   no lease, or the end of the last lease leaves that value behind. Whoever sees it, and nobody else, says so.
///
/// So a lease that was asked for while the version began to drain is either counted before the closing, and then keeps
/// the version alive, or refused.
package final class VersionHandle: LeaseHolder {
    /// Which version.
    package let id: ModelID
    /// Tells it from others of the same version, which it replaced or which replace it.
    let edition: Int
    /// What answers for it.
    package let servable: any AnyObject & Sendable
    /// Keeps its files where they are.
    private let files: (any Sendable)?
    private let word = Atomic<Int>(0)
    private let onLastLeaseEnded: @Sendable (VersionHandle) -> Void

    /// Opens a version for leases.
    ///
    /// - Parameters:
    ///   - id: Which version.
    ///   - edition: Tells it from others of the same version.
    ///   - servable: What answers for it.
    ///   - files: Keeps its files where they are.
    ///   - onLastLeaseEnded: Called at most once, by whoever ends the last lease after `close()`; must not block.
    init(
        id: ModelID,
        edition: Int = 0,
        servable: any AnyObject & Sendable,
        files: (any Sendable)? = nil,
        onLastLeaseEnded: @escaping @Sendable (VersionHandle) -> Void
    ) {
        self.id = id
        self.edition = edition
        self.servable = servable
        self.files = files
        self.onLastLeaseEnded = onLastLeaseEnded
    }

    /// What answers for it, with its type.
    ///
    /// Can't fail: handles are made in `ModelManager<Servable>` and nowhere else, of what its own loader gave, and only that
    /// manager and its leases get at them.
    @inline(__always)
    func servable<Servable: AnyObject & Sendable>(as type: Servable.Type) -> Servable {
        servable as! Servable
    }

    /// How many leases there are now.
    package var leaseCount: Int { word.load(ordering: .relaxed) & .max }

    /// Counts one more lease; `false` when the version is closed.
    func open() -> Bool {
        var seen = word.load(ordering: .relaxed)
        while seen >= 0 {
            let result = word.weakCompareExchange(expected: seen, desired: seen &+ 1, ordering: .acquiringAndReleasing)
            if result.exchanged { return true }
            seen = result.original
        }
        return false
    }

    /// Refuses further leases.
    ///
    /// - Returns: `true` when there is no lease to wait for; otherwise `onLastLeaseEnded` comes.
    func close() -> Bool {
        word.bitwiseOr(.min, ordering: .acquiringAndReleasing).oldValue == 0
    }

    package func leaseCopied() {
        // Whoever asks holds one, so the count is above zero and the version can't end meanwhile, closed or not.
        word.wrappingAdd(1, ordering: .relaxed)
    }

    package func leaseEnded() {
        let left = word.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        // Closed, and none left. (`subtract`, which checks for overflow, is a loop; this is one instruction.)
        if left == .min { onLastLeaseEnded(self) }
    }
}
