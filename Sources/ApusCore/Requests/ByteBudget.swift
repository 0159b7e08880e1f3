internal import Synchronization

/// The bytes that all requests in flight hold, bounded for the whole process.
///
/// Charged before the memory is taken: bodies part by part as they arrive, and what is made of them (`RequestMemory`):
/// what they decompress to, copied and decoded inputs, the text of answers. What an engine takes while it runs, its
/// outputs among it, is not known beforehand and not charged. A charge that doesn't fit is refused.
package final class ByteBudget: Sendable {
    /// The sum; in an object of its own, which handles share.
    private final class Counter: Sendable {
        let used = Atomic<Int>(0)
    }

    /// What a charge that doesn't fit is answered with.
    package static var exhausted: InferenceError {
        InferenceError(.resourceExhausted, "the server holds as many request bytes as it may; try again later")
    }

    /// The most bytes in flight at once.
    package let limit: Int
    private let counter: Counter

    /// Sets the limit, in bytes.
    package init(limit: Int) {
        self.limit = limit
        self.counter = Counter()
    }

    private init(sharing other: ByteBudget) {
        self.limit = other.limit
        self.counter = other.counter
    }

    /// The same budget in an object of its own: event loops that count references to one object get into each other's
    /// way, so each has its own.
    package func makeHandle() -> ByteBudget {
        ByteBudget(sharing: self)
    }

    /// Bytes in flight now.
    package var inUse: Int { counter.used.load(ordering: .relaxed) }

    /// Takes `count` bytes; `false`, and nothing taken, when they don't fit.
    package func charge(_ count: Int) -> Bool {
        let after = counter.used.add(count, ordering: .relaxed).newValue
        if after > limit {
            counter.used.subtract(count, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives back what was taken.
    package func release(_ count: Int) {
        counter.used.subtract(count, ordering: .relaxed)
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
