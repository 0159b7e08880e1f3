import Synchronization

/// Something that happens once, seen by all threads.
final class Flag: Sendable {
    private let state = Atomic(false)

    /// Whether it has happened.
    var isRaised: Bool { state.load(ordering: .acquiring) }

    /// Lets it have happened.
    func raise() { state.store(true, ordering: .releasing) }
}
