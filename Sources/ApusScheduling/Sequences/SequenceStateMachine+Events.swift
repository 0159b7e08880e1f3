internal import ApusCore
internal import DequeModule

extension SequenceStateMachine {
    /// One sequence: an id may be used again when its sequence has ended.
    struct Key: Hashable, Sendable {
        let id: SequencePosition.ID
        let number: UInt64
    }

    /// A request that is to run now.
    struct Turn: Sendable {
        let key: Key
        let request: Request
        /// Whether the model is to be told that the sequence begins: nothing of it has been answered yet.
        let isFirst: Bool
        /// Whether it is the sequence's last one.
        let isLast: Bool
        /// What the request before it left; `nil` for the initial state.
        let state: SequenceState?
    }

    /// Where a request waits.
    struct Ticket: Hashable, Sendable {
        let key: Key
        let number: UInt64
    }

    /// Why a request isn't taken.
    enum Refusal: Equatable, Sendable {
        /// There is no such sequence.
        case needsStart
        /// There are as many sequences as there may be.
        case tooManySequences
        /// As many requests wait as may.
        case tooManyRequests
    }

    /// What becomes of a request that has come.
    enum OnArrival: Sendable {
        case runs(Turn)
        case waits(Ticket)
        case refused(Refusal)
    }

    /// What an event led to.
    struct OnChange: Sendable {
        /// Requests that are to run now.
        var turns: [Turn] = []
        /// Sequences that are gone, with what they held.
        var ended: [Sequence] = []
        /// When to call `timePassed` at the latest.
        var wakeAt: MonotonicTime?
    }

    /// What came of an answer.
    struct OnAnswer: Sendable {
        /// Whether the state fits; otherwise the one before stays.
        let isKept: Bool
        /// The state before, to be let go.
        let replaced: SequenceState?
    }

    /// A request that waits.
    struct Entry: Sendable {
        let request: Request
        let number: UInt64
        var isStart: Bool
        let isEnd: Bool
    }

    /// What is known of a sequence.
    struct Sequence: Sendable {
        let number: UInt64
        let hold: Hold
        var state: SequenceState?
        /// Nothing of it has been answered since its start.
        var isFresh = true
        var queue = Deque<Entry>()
        var isRunning = false
        var hasSlot = false
        /// The last request that came was the sequence's last: only a start may follow.
        var isClosing = false
        /// A start was called back and nothing came after it: the next request starts.
        var startsNext = false
        /// Since when it has nothing to do.
        var idleSince = MonotonicTime(nanoseconds: 0)
        var hasAlarm = false
    }
}
