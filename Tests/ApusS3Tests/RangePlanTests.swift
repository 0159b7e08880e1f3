import ApusS3
import ApusTesting
import Testing

@Suite
struct RangePlanTests {
    @Test
    func `pieces cover what is missing and nothing else`() {
        var plan = RangePlan(byteCount: 100, offset: 30, pieceBytes: 25)
        var pieces: [RangePlan.Piece] = []
        while let piece = plan.take() { pieces.append(piece) }
        #expect(pieces.map(\.start) == [30, 55, 80])
        #expect(pieces.map(\.end) == [55, 80, 100])
    }

    @Test
    func `the mark stays where the first gap is`() throws {
        var plan = RangePlan(byteCount: 100, offset: 0, pieceBytes: 50)
        let taken = [plan.take(), plan.take()]
        let first = try #require(taken[0])
        let second = try #require(taken[1])
        #expect(plan.wrote(50, of: second) == nil)
        #expect(plan.wrote(10, of: first) == 10)
        #expect(!plan.isComplete)
        #expect(plan.wrote(40, of: first) == 100)
        #expect(plan.isComplete)
    }

    @Test
    func `nothing is given out after a stop`() {
        var plan = RangePlan(byteCount: 100, offset: 0, pieceBytes: 10)
        plan.stop()
        #expect(plan.take() == nil)
    }

    @Test
    func `an empty rest is complete at once`() {
        var plan = RangePlan(byteCount: 10, offset: 40, pieceBytes: 10)
        #expect(plan.take() == nil)
        #expect(plan.isComplete)
    }

    @Test(arguments: 0..<50)
    func `the mark is right in any order`(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let size = Int.random(in: 1...400, using: &generator)
        let offset = Int.random(in: 0..<size, using: &generator)
        var plan = RangePlan(
            byteCount: size,
            offset: offset,
            pieceBytes: Int.random(in: 1...60, using: &generator)
        )
        var there = [Bool](repeating: false, count: size)
        for index in 0..<offset { there[index] = true }
        var open: [(piece: RangePlan.Piece, next: Int)] = []
        while there.contains(false) {
            if open.count < 4, let piece = plan.take() { open.append((piece, piece.start)) }
            let index = Int.random(in: 0..<open.count, using: &generator)
            let count = Int.random(in: 1...(open[index].piece.end - open[index].next), using: &generator)
            for place in open[index].next..<(open[index].next + count) { there[place] = true }
            let grown = plan.wrote(count, of: open[index].piece)
            open[index].next += count
            if open[index].next == open[index].piece.end { open.remove(at: index) }
            let expected = there.firstIndex(of: false) ?? size
            #expect(plan.reached == expected)
            #expect(grown == nil || grown == expected)
        }
        #expect(plan.isComplete && plan.take() == nil)
    }
}
