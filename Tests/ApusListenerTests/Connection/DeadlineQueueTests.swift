import ApusCore
import Testing

@testable import ApusListener

struct DeadlineQueueTests {
    private func at(_ time: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: time) }

    @Test func `values come in the order of their deadlines, equal ones in the order they came`() {
        var queue = DeadlineQueue<String>()
        _ = queue.insert("c", deadline: at(30))
        _ = queue.insert("a", deadline: at(10))
        _ = queue.insert("b1", deadline: at(20))
        _ = queue.insert("b2", deadline: at(20))
        let early = queue.popDue(at: at(9))
        #expect(early == nil)
        var due: [String] = []
        while let value = queue.popDue(at: at(29)) { due.append(value) }
        #expect(due == ["a", "b1", "b2"])
        let left = queue.earliest()
        #expect(left == at(30))
        #expect(queue.count == 1)
    }

    @Test func `a value that was taken out never comes`() {
        var queue = DeadlineQueue<String>()
        let first = queue.insert("a", deadline: at(10))
        _ = queue.insert("b", deadline: at(20))
        queue.remove(first)
        queue.remove(first)
        let next = queue.earliest()
        #expect(next == at(20))
        let value = queue.popDue(at: at(.max))
        #expect(value == "b")
        let nothing = queue.popDue(at: at(.max))
        #expect(nothing == nil)
        let empty = queue.earliest()
        #expect(empty == nil)
    }

    @Test func `a ticket whose value has come takes nothing else out`() {
        var queue = DeadlineQueue<String>()
        let ticket = queue.insert("a", deadline: at(10))
        _ = queue.popDue(at: at(10))
        _ = queue.insert("b", deadline: at(10))
        queue.remove(ticket)
        #expect(queue.count == 1)
    }

    @Test func `memory doesn't grow with those that were taken out`() {
        var queue = DeadlineQueue<Int>()
        // One that is never due stands in front of all the others.
        _ = queue.insert(-1, deadline: at(1))
        for number in 0..<100_000 {
            let ticket = queue.insert(number, deadline: at(Int64.max - Int64(number)))
            queue.remove(ticket)
        }
        #expect(queue.count == 1)
        #expect(queue.placeCount < 100)
    }

    @Test func `random insertions and removals are the same as a sorted list`() {
        var random = SplitMix.seeded("deadlines")
        var queue = DeadlineQueue<Int>()
        var list: [(value: Int, deadline: Int64, ticket: DeadlineQueue<Int>.Ticket)] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0...1:
                let deadline = Int64.random(in: 0..<100, using: &random)
                list.append((step, deadline, queue.insert(step, deadline: at(deadline))))
            case 2...3 where !list.isEmpty:
                queue.remove(list.remove(at: Int.random(in: 0..<list.count, using: &random)).ticket)
            default:
                let first = list.indices.min {
                    (list[$0].deadline, list[$0].value) < (list[$1].deadline, list[$1].value)
                }
                let earliest = queue.earliest()
                #expect(earliest == first.map { at(list[$0].deadline) })
                let value = queue.popDue(at: at(50))
                if let first, list[first].deadline <= 50 {
                    #expect(value == list.remove(at: first).value)
                } else {
                    #expect(value == nil)
                }
            }
            #expect(queue.count == list.count)
        }
    }
}
