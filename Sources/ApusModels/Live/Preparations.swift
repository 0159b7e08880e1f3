internal import ApusCore
internal import DequeModule

/// A version whose files are to be brought here and checked.
struct ModelPreparation: Hashable, Sendable {
    /// Which version.
    let id: ModelID
    /// Whether it is live and serves on meanwhile.
    let isReplacement: Bool
    /// Tells it from others of the same version.
    let number: Int
}

/// Which versions are to be prepared, and which have been.
///
/// A version has one preparation that counts; what becomes of an earlier one is of no interest to anybody.
struct Preparations: Sendable {
    private var waiting: Deque<ModelPreparation> = []
    private var prepared: Deque<ModelPreparation> = []
    /// The one that counts, by version, until it has ended.
    private var current: [ModelID: ModelPreparation] = [:]
    private var count = 0
    private var dropped: [ModelID] = []

    /// Whether one waits for a thread.
    var hasWaiting: Bool { !waiting.isEmpty }

    /// Has a version prepared; an earlier preparation of it counts no longer.
    mutating func begin(_ id: ModelID, isReplacement: Bool) {
        count += 1
        let preparation = ModelPreparation(id: id, isReplacement: isReplacement, number: count)
        current[id] = preparation
        waiting.append(preparation)
    }

    /// The next one for a thread; `nil` when none waits.
    mutating func takeWaiting() -> ModelPreparation? {
        while let preparation = waiting.popFirst() {
            if current[preparation.id] == preparation { return preparation }
        }
        return nil
    }

    /// A thread is done with one, well or not.
    ///
    /// - Returns: Whether it still counts.
    mutating func end(_ preparation: ModelPreparation) -> Bool {
        guard current[preparation.id] == preparation else { return false }
        current[preparation.id] = nil
        return true
    }

    /// Makes a version's preparation count no longer.
    ///
    /// - Returns: Whether there was one.
    mutating func cancel(_ id: ModelID) -> Bool { current.removeValue(forKey: id) != nil }

    /// What was prepared is to be loaded.
    mutating func keep(_ preparation: ModelPreparation) {
        prepared.append(preparation)
    }

    /// The next one to be loaded; `nil` when there's none.
    mutating func takePrepared() -> ModelPreparation? { prepared.popFirst() }

    /// What was prepared is wanted no more.
    mutating func drop(_ id: ModelID) {
        dropped.append(id)
    }

    /// Versions that were prepared and that nobody wants any more; told once.
    mutating func takeDropped() -> [ModelID] {
        defer { dropped = [] }
        return dropped
    }
}
