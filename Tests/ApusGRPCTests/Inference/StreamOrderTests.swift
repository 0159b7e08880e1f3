import Testing

@testable import ApusGRPC

struct StreamOrderTests {
    @Test func `responses wait for those before them`() {
        var order = StreamOrder<String>()
        let slots = (0..<3).map { _ in order.requestArrived(isOrdered: true) }
        #expect(order.answered(slots[1], with: "1") == [])
        #expect(order.answered(slots[0], with: "0") == ["0", "1"])
        #expect(order.answered(slots[2], with: "2") == ["2"])
    }

    @Test func `those of decoupled models go out as they come`() {
        var order = StreamOrder<String>()
        let first = order.requestArrived(isOrdered: true)
        let decoupled = order.requestArrived(isOrdered: false)
        #expect(order.answered(decoupled, with: "a") == ["a"])
        #expect(order.answered(decoupled, with: "b") == ["b"])
        #expect(order.answered(first, with: "0") == ["0"])
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: .min ... .max)])
    func `whatever the order of answers, responses leave in the order of requests`(seed: UInt64) {
        var generator = Seeded(state: seed)
        var order = StreamOrder<Int>()
        var waiting: [(slot: StreamOrder<Int>.Slot, number: Int)] = []
        var sent: [Int] = []
        var count = 0
        for _ in 0..<2_000 {
            if waiting.isEmpty || Bool.random(using: &generator) {
                waiting.append((order.requestArrived(isOrdered: true), count))
                count += 1
            } else {
                let (slot, number) = waiting.remove(at: Int.random(in: waiting.indices, using: &generator))
                sent += order.answered(slot, with: number)
                order.ended()
            }
        }
        for (slot, number) in waiting.shuffled(using: &generator) {
            sent += order.answered(slot, with: number)
            order.ended()
        }
        #expect(sent == Array(0..<count), "seed \(seed)")
        #expect(order.inFlight == 0)
    }
}

private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
