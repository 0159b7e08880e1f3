package import ApusCore

/// Keeps a version alive; ends when it's let go, unless its count was handed on by `transfer()`.
package struct VersionLease<Servable: AnyObject & Sendable>: ~Copyable, Sendable {
    /// `nil` once the count has been handed on.
    private var handle: VersionHandle?

    /// Takes over one lease that the handle has counted; the handle's servable must be a `Servable`.
    init(counted handle: VersionHandle) {
        self.handle = handle
    }

    /// Which version it is.
    package var id: ModelID { handle!.id }

    /// What answers for the version.
    package var servable: Servable { handle!.servable(as: Servable.self) }

    /// Hands the count on: whoever takes the result has to call `leaseEnded()` on the holder, once.
    ///
    /// ```swift
    /// let (loaded, holder) = try manager.lease(selector).transfer()
    /// return Lease(model: loaded.front, holder: holder)
    /// ```
    package consuming func transfer() -> (servable: Servable, holder: VersionHandle) {
        let handle = handle.take()!
        return (handle.servable(as: Servable.self), handle)
    }

    deinit {
        handle?.leaseEnded()
    }
}
