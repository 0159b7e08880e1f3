internal import ApusCore
internal import Synchronization

/// A library that is looked for when it is first needed, and kept once it is there.
final class FoundLibrary<Library: Sendable>: Sendable {
    private enum State {
        case unknown
        case missing(since: MonotonicTime)
        case found(Library)
    }

    private let open: @Sendable () -> Library?
    private let time: any TimeSource
    private let state = Mutex(State.unknown)

    /// How long a search that found nothing holds, in nanoseconds: each goes through directories.
    private static var missHolds: UInt64 { 1_000_000_000 }

    /// Looks for nothing yet.
    init(time: any TimeSource, open: @escaping @Sendable () -> Library?) {
        self.open = open
        self.time = time
    }

    /// Whether `look` has the library and reads no file.
    var isFound: Bool {
        if case .found = state.withLock({ $0 }) { true } else { false }
    }

    /// The library; `nil` when it isn't there, or wasn't a moment ago.
    func look() -> Library? {
        let now = time.now
        switch state.withLock({ $0 }) {
        case .found(let library): return library
        case .missing(let since) where now.nanoseconds(since: since) < Self.missHolds: return nil
        case .missing, .unknown: break
        }
        // Outside of the lock, for which event loops wait; whoever looks at the same time finds the same.
        let library = open()
        return state.withLock { state in
            if case .found(let first) = state { return first }
            state = library.map { .found($0) } ?? .missing(since: now)
            return library
        }
    }
}
