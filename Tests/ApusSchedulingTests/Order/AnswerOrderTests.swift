import ApusTesting
import Testing

@testable import ApusScheduling

struct AnswerOrderTests {
    private func order(_ count: Int) -> (AnswerOrder<String>, [UInt64]) {
        var order = AnswerOrder<String>()
        let numbers = (0..<count).map { _ in order.joined() }
        return (order, numbers)
    }

    @Test func `an answer waits for those before it`() {
        var (order, numbers) = order(3)
        #expect(numbers == [0, 1, 2])
        #expect(order.answered(2, "c") == [])
        #expect(order.answered(1, "b") == [])
        #expect(order.answered(0, "a") == ["a", "b", "c"])
        #expect(!order.isEmpty)
        #expect(order.delivered() == [])
        #expect(order.isEmpty)
    }

    @Test func `a request without an answer makes room`() {
        var (order, _) = order(4)
        #expect(order.answered(1, "b") == [])
        #expect(order.ended(2) == [])
        #expect(order.answered(3, "d") == [])
        #expect(order.ended(0) == ["b", "d"])
    }

    @Test func `one thread delivers at a time, and then takes what came meanwhile`() {
        var (order, _) = order(3)
        #expect(order.answered(0, "a") == ["a"])
        #expect(order.answered(1, "b") == [])
        #expect(order.ended(2) == [])
        #expect(order.delivered() == ["b"])
        #expect(order.delivered() == [])
        #expect(order.isEmpty)
    }

    @Test func `a held answer can be taken back, one that has left can't`() {
        var (order, _) = order(3)
        #expect(order.answered(1, "b") == [])
        #expect(order.withdraw(1).answers == ["b"])
        #expect(order.withdraw(1).answers == nil)
        #expect(order.answered(0, "a") == ["a"])
        #expect(order.withdraw(0).answers == nil)
        #expect(order.delivered() == [])
        #expect(order.answered(2, "c") == ["c"])
    }

    @Test func `an answer that comes after its request was called back is dropped`() {
        var (order, _) = order(3)
        #expect(order.withdraw(1).answers == [])
        #expect(order.withdraw(1).answers == nil)
        #expect(order.answered(1, "b") == [])
        #expect(order.answered(2, "c") == [])
        #expect(order.answered(0, "a") == ["a", "c"])
    }

    @Test func `a number that has ended, or was never given, changes nothing`() {
        var (order, _) = order(1)
        #expect(order.ended(0) == [])
        #expect(order.answered(0, "again") == [])
        #expect(order.answered(7, "never") == [])
        #expect(order.isEmpty)
        #expect(order.next == 1)
    }

    @Test func `no request starts too far behind the oldest`() {
        var (order, _) = order(5)
        #expect(order.startLimit == AnswerOrder<String>.window)
        _ = order.answered(1, "b")
        #expect(order.startLimit == AnswerOrder<String>.window)
        _ = order.ended(0)
        #expect(order.startLimit == AnswerOrder<String>.window + 2)
    }

    @Test func `random ends come out in order, each once`() {
        let seed = UInt64.random(in: .min ... .max)
        print("AnswerOrderTests: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var order = AnswerOrder<UInt64>()
        var open: [UInt64] = []
        var expected: [UInt64] = []
        var told: [UInt64] = []
        var isOut = false
        for step in 0..<20_000 {
            if step < 15_000, open.count < 50, Bool.random(using: &random) {
                open.append(order.joined())
                continue
            }
            var ready: [UInt64] = []
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where isOut: ready = order.delivered()
            case 1:
                guard let index = open.indices.randomElement(using: &random) else { continue }
                ready = order.ended(open.remove(at: index))
            default:
                guard let index = open.indices.randomElement(using: &random) else { continue }
                let number = open.remove(at: index)
                expected.append(number)
                ready = order.answered(number, number)
            }
            if !ready.isEmpty { isOut = true }
            told += ready
        }
        for number in open { told += order.ended(number) }
        while true {
            let more = order.delivered()
            guard !more.isEmpty else { break }
            told += more
        }
        #expect(told == expected.sorted(), "seed \(seed)")
        #expect(order.isEmpty)
    }
}

extension AnswerOrder.OnWithdrawal {
    /// What was held back; `nil` when the request was over.
    fileprivate var answers: [Answer]? {
        if case .ends(let answer) = self { answer.map { [$0] } ?? [] } else { nil }
    }
}
