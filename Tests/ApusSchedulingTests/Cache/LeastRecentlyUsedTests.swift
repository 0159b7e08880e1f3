import ApusTesting
import Testing

@testable import ApusScheduling

struct LeastRecentlyUsedTests {
    @Test func `what was used longest ago goes first`() {
        var values = LeastRecentlyUsed<Int, String>(byteLimit: 30)
        for key in 1...3 { #expect(values.insert("\(key)", for: key, byteCount: 10).isKept) }
        #expect(values.use(1) == "1")
        let outcome = values.insert("4", for: 4, byteCount: 10)
        #expect(outcome.isKept)
        #expect(outcome.removed == ["2"])
        #expect(values.use(2) == nil)
        #expect([1, 3, 4].map { values.use($0) } == ["1", "3", "4"])
    }

    @Test func `a value takes the place of an older one of its key`() {
        var values = LeastRecentlyUsed<Int, String>(byteLimit: 30)
        _ = values.insert("a", for: 1, byteCount: 10)
        #expect(values.insert("b", for: 1, byteCount: 20).removed == ["a"])
        #expect(values.byteCount == 20)
        #expect(values.count == 1)
        #expect(values.use(1) == "b")
    }

    @Test func `what is larger than the limit is not kept and drives nobody out`() {
        var values = LeastRecentlyUsed<Int, String>(byteLimit: 30)
        _ = values.insert("a", for: 1, byteCount: 10)
        let outcome = values.insert("b", for: 2, byteCount: 31)
        #expect(!outcome.isKept)
        #expect(outcome.removed.isEmpty)
        #expect(values.use(1) == "a")
        var nothing = LeastRecentlyUsed<Int, String>(byteLimit: 0)
        #expect(!nothing.insert("a", for: 1, byteCount: 1).isKept)
    }

    @Test func `one value drives no more out than the bound and gets its place in the end`() {
        let bound = LeastRecentlyUsed<Int, Int>.maxRemovals
        var values = LeastRecentlyUsed<Int, Int>(byteLimit: 3 * bound)
        for key in 0..<3 * bound { _ = values.insert(key, for: key, byteCount: 1) }
        let first = values.insert(-1, for: -1, byteCount: 2 * bound)
        #expect(!first.isKept)
        #expect(first.removed.count == bound)
        let second = values.insert(-1, for: -1, byteCount: 2 * bound)
        #expect(second.isKept)
        #expect(second.removed.count == bound)
        #expect(values.byteCount == 3 * bound)
    }

    @Test func `some are taken out a part at a time`() {
        var values = LeastRecentlyUsed<Int, Int>(byteLimit: 1000)
        for key in 0..<100 { _ = values.insert(key, for: key, byteCount: 1) }
        var next: Int? = 0
        var calls = 0
        var removed: [Int] = []
        while let start = next {
            let part = values.removeSome(from: start, limit: 16) { $0.isMultiple(of: 3) }
            removed += part.removed
            next = part.next
            calls += 1
        }
        #expect(removed == (0..<100).filter { $0.isMultiple(of: 3) })
        #expect(calls == 7)
        #expect(values.count == 66)
        #expect(values.byteCount == 66)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `it does what a list that is searched would do`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limit = 100
        var values = LeastRecentlyUsed<Int, Int>(byteLimit: limit)
        // Oldest first.
        var oracle: [(key: Int, value: Int, size: Int)] = []
        for step in 0..<5000 {
            let key = Int.random(in: 0..<40, using: &generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                let index = oracle.firstIndex { $0.key == key }
                #expect(values.remove(key) == index.map { oracle.remove(at: $0).value }, "seed \(seed), step \(step)")
            case 1...4:
                let index = oracle.firstIndex { $0.key == key }
                if let index { oracle.append(oracle.remove(at: index)) }
                #expect(values.use(key) == (index == nil ? nil : oracle.last?.value), "seed \(seed), step \(step)")
            default:
                let size = Int.random(in: 1...30, using: &generator)
                oracle.removeAll { $0.key == key }
                while oracle.reduce(0, { $0 + $1.size }) + size > limit { oracle.removeFirst() }
                oracle.append((key, step, size))
                #expect(values.insert(step, for: key, byteCount: size).isKept)
            }
            #expect(values.byteCount == oracle.reduce(0) { $0 + $1.size }, "seed \(seed), step \(step)")
            #expect(values.count == oracle.count)
        }
    }
}
