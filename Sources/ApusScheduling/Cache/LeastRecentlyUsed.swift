/// Values by key, bounded in bytes: when there is no room, those that were used longest ago go.
///
/// Each step costs the same however many there are, but for the growth of its tables and for `removeSome`, which its
/// caller bounds. What leaves is returned, so that whoever holds a lock can let it go behind it.
struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// One value and its neighbours: newer ones before, older ones behind.
    private struct Place: Sendable {
        let key: Key
        var value: Value?
        let byteCount: Int
        var newer: Int
        var older: Int
    }

    /// What became of a value that was to be put in.
    struct OnInsert {
        /// Whether it is kept.
        var isKept: Bool
        /// What had to go for it.
        var removed: [Value]
    }

    /// The most values that go for a single one: a bound for the time under the owner's lock.
    static var maxRemovals: Int { 512 }

    private static var none: Int { -1 }

    /// The most bytes that all values may have together.
    let byteLimit: Int
    /// The bytes of all values.
    private(set) var byteCount = 0
    private var indices: [Key: Int] = [:]
    private var places: [Place] = []
    private var free: [Int] = []
    private var newest = Self.none
    private var oldest = Self.none

    /// Starts empty.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// How many there are.
    var count: Int { indices.count }

    /// A value, which counts as used now.
    mutating func use(_ key: Key) -> Value? {
        guard let index = indices[key] else { return nil }
        if index != newest {
            unlink(index)
            link(index)
        }
        return places[index].value
    }

    /// Puts a value in, in the place of an older one of its key.
    ///
    /// It isn't kept when it is larger than the limit, or when more than `maxRemovals` others would have to go: those
    /// that went make room for the next try.
    mutating func insert(_ value: Value, for key: Key, byteCount size: Int) -> OnInsert {
        var outcome = OnInsert(isKept: false, removed: [])
        if let former = remove(key) { outcome.removed.append(former) }
        guard size <= byteLimit else { return outcome }
        while byteCount > byteLimit - size {
            guard outcome.removed.count < Self.maxRemovals, let last = remove(places[oldest].key) else {
                return outcome
            }
            outcome.removed.append(last)
        }
        let place = Place(key: key, value: value, byteCount: size, newer: Self.none, older: Self.none)
        let index: Int
        if let reused = free.popLast() {
            index = reused
            places[index] = place
        } else {
            index = places.count
            places.append(place)
        }
        indices[key] = index
        byteCount += size
        link(index)
        outcome.isKept = true
        return outcome
    }

    /// Takes a value out.
    mutating func remove(_ key: Key) -> Value? {
        guard let index = indices.removeValue(forKey: key) else { return nil }
        unlink(index)
        byteCount -= places[index].byteCount
        free.append(index)
        return places[index].value.take()
    }

    /// Takes out what fits a description, looking at no more than `limit` places from `start` on.
    ///
    /// - Returns: What was taken out, and where to go on; `nil` behind the last place.
    mutating func removeSome(
        from start: Int,
        limit: Int,
        where fits: (Key) -> Bool
    ) -> (removed: [Value], next: Int?) {
        var removed: [Value] = []
        let end = min(places.count, start + limit)
        for index in start..<max(start, end) where places[index].value != nil && fits(places[index].key) {
            if let value = remove(places[index].key) { removed.append(value) }
        }
        return (removed, end < places.count ? end : nil)
    }

    private mutating func link(_ index: Int) {
        places[index].newer = Self.none
        places[index].older = newest
        if newest != Self.none { places[newest].newer = index }
        newest = index
        if oldest == Self.none { oldest = index }
    }

    private mutating func unlink(_ index: Int) {
        let (newer, older) = (places[index].newer, places[index].older)
        if newer == Self.none { newest = older } else { places[newer].older = older }
        if older == Self.none { oldest = newer } else { places[older].newer = newer }
    }
}
