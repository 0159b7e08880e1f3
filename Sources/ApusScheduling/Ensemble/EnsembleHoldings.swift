internal import ApusCore
internal import Synchronization

/// Everything that a request to an ensemble keeps alive: its own lease, its members', its bytes of the budget.
///
/// The holder of the leases that its steps and its answer get: it lets go when the last of them has ended, so that no
/// engine reads memory that nobody accounts for.
final class EnsembleHoldings: LeaseHolder {
    private struct Content: ~Copyable {
        /// With its lease and its charge, and without its tensors.
        let request: InferenceRequest
        let members: [PinnedMember]
        /// For tensors on their way from step to step.
        var between: ByteCharge?
    }

    private struct State: ~Copyable {
        /// Leases on it that haven't ended.
        var users = 1
        /// `nil` once the last one has.
        var content: Content?
    }

    private let state: Mutex<State>
    private let budget: ByteBudget?

    /// Takes over what a request has; the first lease on it has been counted.
    init(_ request: consuming InferenceRequest, members: [PinnedMember], budget: ByteBudget?) {
        self.budget = budget
        self.state = Mutex(State(content: Content(request: request, members: members, between: nil)))
    }

    /// Charges memory that a step's outputs take until the request is over; `false` when it doesn't fit.
    func charge(_ byteCount: Int) -> Bool {
        guard let budget, byteCount > 0 else { return true }
        return state.withLock { state in
            guard state.content != nil else { return true }
            if state.content!.between != nil { return state.content!.between!.grow(by: byteCount) }
            state.content!.between = ByteCharge(byteCount, from: budget)
            return state.content!.between != nil
        }
    }

    /// A member, with a lease counted for the one who is about to ask it; `nil` when all has been let go.
    func useMember(_ index: Int) -> PinnedMember? {
        state.withLock { state in
            guard let member = state.content?.members[index] else { return nil }
            state.users += 1
            return member
        }
    }

    func leaseCopied() {
        state.withLock { $0.users += 1 }
    }

    func leaseEnded() {
        let over: Content? = state.withLock { state in
            state.users -= 1
            return state.users == 0 ? state.content.take() : nil
        }
        // Other locks are taken when leases end: not under this one.
        _ = consume over
    }
}
