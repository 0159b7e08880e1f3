internal import ApusCore

/// How long requests may have lain in their sockets before an event loop came to read them.
///
/// A loop asks the system which sockets have something to read and then reads them all: a round. What it finds in a round
/// came at the earliest when the round before began. As long as rounds are short nobody needs to know; under overload,
/// with hundreds of sockets, a round takes milliseconds, and a deadline counted from the read would be kept by the
/// server's clock and missed by the client's.
///
/// Pure: the loop says when it reads, and when a round that it was asked to watch has ended.
struct ReadingRounds {
    /// Rounds shorter than this aren't told apart, in nanoseconds.
    private static let step: UInt64 = 1_000_000
    private var isWatching = false
    /// When the round that is watched, or the last one that was, began.
    private var began = MonotonicTime(nanoseconds: 0)
    private var watched: MonotonicTime?
    private var ended: MonotonicTime?
    /// Before that nothing can have come that is read in the round that is watched.
    private var floor = MonotonicTime(nanoseconds: 0)

    /// A request is being read.
    ///
    /// - Returns: Whether to tell `roundEnded` when the loop has read all that is ready now.
    mutating func read(now: MonotonicTime) -> Bool {
        guard !isWatching else { return false }
        if let watched, now.nanoseconds(since: watched) < ReadingRounds.step { return false }
        isWatching = true
        watched = now
        // Between rounds the loop writes answers, for less long than it read as a rule; after a longer time it has waited
        // for something to read, and what came then is new.
        if let ended, now.nanoseconds(since: ended) <= ended.nanoseconds(since: began) {
            floor = began
            began = ended
        } else {
            floor = now
            began = now
        }
        return true
    }

    /// The round has ended in which `read` asked for it.
    mutating func roundEnded(now: MonotonicTime) {
        isWatching = false
        ended = now
    }

    /// The earliest time at which a request can have come that was read at a time.
    func earliestArrival(readAt time: MonotonicTime) -> MonotonicTime {
        isWatching ? min(floor, time) : time
    }
}
