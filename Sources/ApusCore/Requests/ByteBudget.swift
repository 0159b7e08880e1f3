internal import Synchronization

/// The bytes of all requests in flight, bounded for the whole process.
///
/// Bytes are charged as they arrive, before memory is taken for them; a charge that doesn't fit is refused.
package final class ByteBudget: Sendable {
    /// The most bytes in flight at once.
    package let limit: Int
    private let used = Atomic<Int>(0)

    /// Sets the limit, in bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Bytes in flight now.
    package var inUse: Int { used.load(ordering: .relaxed) }

    /// Takes `count` bytes; `false`, and nothing taken, when they don't fit.
    package func charge(_ count: Int) -> Bool {
        let after = used.add(count, ordering: .relaxed).newValue
        if after > limit {
            used.subtract(count, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives back what was taken.
    package func release(_ count: Int) {
        used.subtract(count, ordering: .relaxed)
    }
}

/// A share of a `ByteBudget`; given back when it ends.
package struct ByteCharge: ~Copyable, Sendable {
    private let budget: ByteBudget
    /// Bytes held.
    package private(set) var byteCount: Int

    /// Takes the first bytes; `nil` when they don't fit.
    package init?(_ byteCount: Int, from budget: ByteBudget) {
        guard budget.charge(byteCount) else { return nil }
        self.budget = budget
        self.byteCount = byteCount
    }

    /// Takes more; `false`, and nothing taken, when it doesn't fit.
    package mutating func grow(by more: Int) -> Bool {
        guard budget.charge(more) else { return false }
        byteCount += more
        return true
    }

    deinit {
        budget.release(byteCount)
    }
}
