internal import ApusCore

/// A model that a request to an ensemble will ask, kept alive from the request's admission on.
///
/// All members are leased at once, those of ensembles within the ensemble too, so that a change of versions in the middle
/// can't mix them.
final class PinnedMember: Sendable {
    /// Keeps the version alive.
    let lease: Lease
    /// The member as an ensemble; `nil` when it is none.
    let ensemble: EnsembleFront?
    /// The ensemble's members; empty when it is none.
    let members: [PinnedMember]
    /// What it amounts to; `nil` when it is no ensemble.
    let extent: EnsembleExtent?

    init(_ lease: consuming Lease, ensemble: EnsembleFront?, members: [PinnedMember], extent: EnsembleExtent?) {
        self.lease = lease
        self.ensemble = ensemble
        self.members = members
        self.extent = extent
    }
}

extension EnsembleFront {
    /// Leases all members, of whatever depth.
    ///
    /// - Parameters:
    ///   - depth: Ensembles around this one.
    ///   - room: How many more may be leased.
    /// - Returns: One for each member of the plan.
    /// - Throws: `unavailable` with the step whose model has no live version, or when ensembles lie too deep in each other.
    func pinMembers(depth: Int, room: inout Int) throws(InferenceError) -> [PinnedMember] {
        var pinned: [PinnedMember] = []
        for member in plan.members.indices {
            pinned.append(try pin(member, depth: depth, room: &room))
        }
        let extent = EnsembleLimits.extent(of: plan.steps.map { pinned[$0.member].extent })
        guard EnsembleLimits.allows(extent) else { throw tooLarge(extent) }
        return pinned
    }

    private func pin(_ member: Int, depth: Int, room: inout Int) throws(InferenceError) -> PinnedMember {
        room -= 1
        guard depth < EnsembleLimits.depth, room >= 0 else {
            throw tooLarge(EnsembleExtent(depth: depth + 1, requests: EnsembleLimits.requests - room))
        }
        let lease: Lease
        do throws(InferenceError) {
            lease = try models.lease(plan.members[member])
        } catch {
            throw unavailable(member, because: error)
        }
        let model = lease.model
        let extent = model.description.ensemble
        guard extent != nil, let ensemble = model as? EnsembleFront else {
            // An ensemble that stands behind something else leases its members when its turn comes.
            return PinnedMember(lease, ensemble: nil, members: [], extent: extent)
        }
        let inner = try ensemble.pinMembers(depth: depth + 1, room: &room)
        let measured = EnsembleLimits.extent(of: ensemble.plan.steps.map { inner[$0.member].extent })
        return PinnedMember(lease, ensemble: ensemble, members: inner, extent: measured)
    }

    /// Looks whether members can answer anything now, of whatever depth.
    ///
    /// - Throws: `unavailable` with the step whose model can't.
    func checkReadiness(of pinned: [PinnedMember]) throws(InferenceError) {
        for (member, pin) in pinned.enumerated() {
            do throws(InferenceError) {
                if let ensemble = pin.ensemble {
                    try ensemble.checkReadiness(of: pin.members)
                } else {
                    try pin.lease.model.checkReadiness()
                }
            } catch {
                throw unavailable(member, because: error)
            }
        }
    }

    private func unavailable(_ member: Int, because error: InferenceError) -> InferenceError {
        let step = plan.steps.first { $0.member == member }?.title ?? "a step"
        return InferenceError(
            .unavailable,
            "in ensemble '\(description.id.name)', \(step): \(error.message)",
            field: error.field,
            expected: error.expected,
            got: error.got,
            hint: error.hint,
            cause: error
        )
    }

    private func tooLarge(_ extent: EnsembleExtent) -> InferenceError {
        InferenceError(
            .unavailable,
            "ensemble '\(description.id.name)' has grown too large since it was loaded: \(extent.depth) ensembles within "
                + "each other and \(extent.requests) requests to other models; at most \(EnsembleLimits.depth) and "
                + "\(EnsembleLimits.requests) are made",
            hint: "look for a version of a model in it that has become an ensemble"
        )
    }
}
