internal import ApusCore
internal import HeapModule

/// Values in the order of their deadlines, each of which may be taken out before.
///
/// Most are: a request is answered long before its deadline. So taking one out costs no search: its place in the heap
/// stays until it comes to the top, or until more places are empty than not.
///
/// Pure: no clock, no timer. The event loop's `LoopServices` asks for what is due.
struct DeadlineQueue<Value> {
    /// Names a value, so that it can be taken out.
    struct Ticket: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Place: Comparable {
        let deadline: MonotonicTime
        let number: UInt64

        static func < (lhs: Place, rhs: Place) -> Bool {
            (lhs.deadline, lhs.number) < (rhs.deadline, rhs.number)
        }
    }

    /// Empty places that are always allowed, so that a short queue isn't made anew all the time.
    private static var allowedGaps: Int { 64 }

    private var places = Heap<Place>()
    private var values: [UInt64: Value] = [:]
    private var lastNumber: UInt64 = 0

    /// Values that wait.
    var count: Int { values.count }

    /// Places in memory, empty ones too.
    var placeCount: Int { places.count }

    /// Puts a value in.
    mutating func insert(_ value: Value, deadline: MonotonicTime) -> Ticket {
        lastNumber += 1
        values[lastNumber] = value
        places.insert(Place(deadline: deadline, number: lastNumber))
        return Ticket(number: lastNumber)
    }

    /// Takes a value out; nothing happens when it has gone already.
    mutating func remove(_ ticket: Ticket) {
        guard values.removeValue(forKey: ticket.number) != nil else { return }
        guard places.count > 2 * values.count + DeadlineQueue.allowedGaps else { return }
        places = Heap(places.unordered.filter { values[$0.number] != nil })
    }

    /// The earliest deadline of all values that wait.
    mutating func earliest() -> MonotonicTime? {
        while let first = places.min {
            if values[first.number] != nil { return first.deadline }
            places.removeMin()
        }
        return nil
    }

    /// Takes the value out whose deadline has passed first, if there is one.
    mutating func popDue(at now: MonotonicTime) -> Value? {
        while let first = places.min, first.deadline <= now {
            places.removeMin()
            if let value = values.removeValue(forKey: first.number) { return value }
        }
        return nil
    }
}
