import Testing

@testable import ApusCore

struct SlowestRequestsTests {
    private func timings(_ nanoseconds: UInt64) -> RequestTimings {
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 7))
        timings.computeEnded = timings.received.advanced(byNanoseconds: Int64(nanoseconds))
        return timings
    }

    private func offer(_ nanoseconds: UInt64, id: String = "", to slowest: inout SlowestRequests) {
        slowest.offer(nanoseconds: nanoseconds, id: id, time: Int64(nanoseconds), timings: timings(nanoseconds))
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `the slowest are kept, slowest first`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var slowest = [SlowestRequests(), SlowestRequests()]
        var all: [UInt64] = []
        for _ in 0..<500 {
            let nanoseconds = UInt64.random(in: 1...300, using: &generator)
            all.append(nanoseconds)
            offer(nanoseconds, to: &slowest[Int.random(in: 0...1, using: &generator)])
        }
        var both = slowest[0]
        both.add(slowest[1])
        #expect(both.entries.map(\.nanoseconds) == Array(all.sorted(by: >).prefix(10)), "seed \(seed)")
        #expect(both.entries.map(\.time) == both.entries.map { Int64($0.nanoseconds) })
        #expect(slowest.allSatisfy { $0.entries.count == SlowestRequests.capacity })
    }

    @Test func `no more than a part of a long id is kept`() {
        var slowest = SlowestRequests()
        offer(3, id: String(repeating: "a", count: 128), to: &slowest)
        offer(2, id: String(repeating: "b", count: 129), to: &slowest)
        offer(1, id: String(repeating: "ä", count: 100_000), to: &slowest)
        let ids = slowest.entries.map(\.id)
        #expect(ids[0].utf8.count == 128)
        #expect(ids[1] == String(repeating: "b", count: 128))
        #expect(ids[2].utf8.count <= 128)
    }
}
