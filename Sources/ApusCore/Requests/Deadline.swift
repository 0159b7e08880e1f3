/// The point after which nobody wants the answer; set once at the edge, covers queue and compute.
package struct Deadline: Hashable, Sendable {
    /// The point in time; `nil` when the caller waits for ever.
    package let time: MonotonicTime?

    /// A request without a deadline.
    package static let none = Deadline(time: nil)

    /// Expires at a point in time.
    package init(time: MonotonicTime?) {
        self.time = time
    }

    /// Whether the point lies behind.
    package func hasPassed(at now: MonotonicTime) -> Bool {
        guard let time else { return false }
        return time <= now
    }
}
