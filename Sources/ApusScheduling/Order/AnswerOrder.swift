internal import DequeModule

/// Lets answers leave in the order in which their requests came, whatever order they are computed in: Triton's
/// `preserve_ordering`.
///
/// Pure. Each request gets a number when it comes. An answer is held back until every request before it has ended; a
/// request that ends without an answer (failed, expired, called back) is told at once by whoever ends it and only makes
/// room here.
///
/// One thread gives answers away at a time: whoever is told to deliver some asks `delivered()` for more afterwards, until
/// there are none, so that a thread that was slower on its way can't be overtaken by another.
struct AnswerOrder<Answer: Sendable>: Sendable {
    /// What is known of a request.
    private enum Slot: Sendable {
        /// It waits or runs.
        case open
        /// Its answer waits for those before it.
        case held(Answer)
        /// It has ended without an answer that would have to wait.
        case ended
    }

    /// How far behind the oldest request another may start: bounds the answers that are held back, and the memory that
    /// they hold.
    static var window: UInt64 { 1024 }

    private var slots = Deque<Slot>()
    /// The number of the oldest request that has not ended.
    private var head: UInt64 = 0
    private var ready: [Answer] = []
    private var isDelivering = false

    /// Whether all requests have ended and their answers have left.
    var isEmpty: Bool { slots.isEmpty && !isDelivering }

    /// The number that the next request gets.
    var next: UInt64 { head &+ UInt64(slots.count) }

    /// Requests from this number on don't start yet.
    var startLimit: UInt64 { head &+ Self.window }

    /// A request has come: it takes the number `next`.
    mutating func joined() -> UInt64 {
        defer { slots.append(.open) }
        return next
    }

    /// A request was answered.
    ///
    /// - Returns: What to deliver now, in this order; empty when it has to wait, or while another thread delivers.
    mutating func answered(_ number: UInt64, _ answer: Answer) -> [Answer] {
        set(number, .held(answer))
        return release()
    }

    /// A request has ended without an answer.
    ///
    /// - Returns: What to deliver now, in this order.
    mutating func ended(_ number: UInt64) -> [Answer] {
        set(number, .ended)
        return release()
    }

    /// What comes of a call back.
    enum OnWithdrawal {
        /// It has ended without an answer: whoever called it back tells it so. What was held back is to be let go.
        case ends(Answer?)
        /// It had ended before, or its answer is on its way.
        case isOver
    }

    /// A request is called back that has been computed: its answer is held back, or about to come here.
    mutating func withdraw(_ number: UInt64) -> OnWithdrawal {
        guard let index = index(of: number) else { return .isOver }
        switch slots[index] {
        case .ended: return .isOver
        case .open:
            // The answer that comes to an ended slot is dropped.
            slots[index] = .ended
            return .ends(nil)
        case .held(let answer):
            slots[index] = .ended
            return .ends(answer)
        }
    }

    /// The answers that came last have been delivered.
    ///
    /// - Returns: More to deliver, in this order; empty when there is nothing: then the next thread may.
    mutating func delivered() -> [Answer] {
        isDelivering = false
        return release()
    }

    private func index(of number: UInt64) -> Int? {
        guard number >= head, number < next else { return nil }
        return Int(number - head)
    }

    private mutating func set(_ number: UInt64, _ slot: Slot) {
        guard let index = index(of: number), case .open = slots[index] else { return }
        slots[index] = slot
    }

    private mutating func release() -> [Answer] {
        while let first = slots.first {
            if case .open = first { break }
            if case .held(let answer) = first { ready.append(answer) }
            slots.removeFirst()
            head &+= 1
        }
        guard !isDelivering, !ready.isEmpty else { return [] }
        isDelivering = true
        defer { ready = [] }
        return ready
    }
}
