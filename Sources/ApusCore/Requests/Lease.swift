/// Counts the users of a version; told once when each one ends.
package protocol LeaseHolder: AnyObject, Sendable {
    /// One lease more on a version that somebody holds a lease on: never refused, draining or not.
    func leaseCopied()
    /// One lease fewer.
    func leaseEnded()
}

/// Keeps a version alive while a request uses it, from its name's look-up until its answer has been written.
///
/// Not copyable: it ends exactly once, when the last owner lets it go, whatever way the request took.
package struct Lease: ~Copyable, Sendable {
    /// The version that is kept alive.
    package let model: any ServedModel
    private let holder: any LeaseHolder

    /// Opens a lease that the holder has already counted.
    package init(model: any ServedModel, holder: any LeaseHolder) {
        self.model = model
        self.holder = holder
    }

    /// A second lease on the same version, for work that outlives the request: a sequence, a run that others share.
    package func copy() -> Lease {
        holder.leaseCopied()
        return Lease(model: model, holder: holder)
    }

    deinit {
        holder.leaseEnded()
    }
}
