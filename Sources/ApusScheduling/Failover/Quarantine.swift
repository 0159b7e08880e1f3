internal import ApusCore
internal import DequeModule

/// What requests looked like that instances died of: they are refused for a while instead of being tried again.
///
/// Pure, and bounded: with more than `capacity` of them the oldest is forgotten.
struct Quarantine: Sendable {
    /// How many are remembered.
    static let capacity = 1024
    /// How long one is refused, in nanoseconds: ten minutes.
    static let term: Int64 = 600_000_000_000

    private struct Stay: Sendable {
        let hash: Int
        let until: MonotonicTime
    }

    /// In the order in which they end, since all are equally long.
    private var stays = Deque<Stay>()
    private var held: Set<Int> = []

    /// How many are refused.
    var count: Int { held.count }

    /// Refuses requests of this content from now on.
    mutating func confine(_ hash: Int, now: MonotonicTime) {
        release(now: now)
        // So rare that looking through all of them costs nothing that counts.
        if !held.insert(hash).inserted { stays.removeAll { $0.hash == hash } }
        let until = now.advanced(byNanoseconds: Quarantine.term)
        stays.append(Stay(hash: hash, until: until))
        while stays.count > Quarantine.capacity { forgetFirst() }
    }

    /// Whether requests of this content are refused now.
    mutating func holds(_ hash: Int, now: MonotonicTime) -> Bool {
        release(now: now)
        return held.contains(hash)
    }

    /// Forgets those whose time is over.
    mutating func release(now: MonotonicTime) {
        while let first = stays.first, first.until <= now { forgetFirst() }
    }

    private mutating func forgetFirst() {
        held.remove(stays.removeFirst().hash)
    }
}
