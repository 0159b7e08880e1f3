internal import Synchronization

/// The farthest that a transfer which began anew has ever come; tells of growth only.
final class HighWater: Sendable {
    private let state: Mutex<Int>
    private let reached: @Sendable (Int) -> Void

    init(_ start: Int, _ reached: @escaping @Sendable (Int) -> Void) {
        self.state = Mutex(start)
        self.reached = reached
    }

    /// The farthest.
    var value: Int { state.withLock { $0 } }

    /// Notes a position.
    func rise(to position: Int) {
        let hasRisen = state.withLock { state in
            guard position > state else { return false }
            state = position
            return true
        }
        if hasRisen { reached(position) }
    }
}
