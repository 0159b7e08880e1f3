import Testing

@testable import ApusScheduling

struct AllowedSizesTests {
    private let sizes = AllowedSizes([1, 4, 6, 16, 64])

    @Test func `rows are filled up to the next size, and more than the largest stay as they are`() {
        let filled = [1, 2, 4, 5, 7, 16, 17, 64, 65].map(sizes.filled)
        #expect(filled == [1, 4, 4, 6, 16, 16, 64, 64, 65])
        #expect(AllowedSizes().filled(3) == 3)
    }

    @Test func `only a size itself needs no filling`() {
        #expect(sizes.hold(4))
        #expect(!sizes.hold(5))
        #expect(!sizes.hold(65))
        #expect(AllowedSizes().hold(5))
    }

    @Test func `a limit becomes the largest size of its power of two, or a smaller one`() {
        let limits = [1, 2, 4, 5, 8, 16, 31, 64, 4096, .max].map(sizes.limit)
        #expect(limits == [1, 1, 6, 6, 6, 16, 16, 64, 64, 64])
        #expect(AllowedSizes([8]).limit(near: 1) == 8)
        #expect(AllowedSizes().limit(near: 7) == 7)
    }

    @Test func `a curve tries only sizes that are allowed`() {
        var curve = CostCurve(sizes)
        #expect(curve.limit == 4)
        func record(_ rows: Int, _ nanoseconds: UInt64) {
            for _ in 0..<CostCurve.neededRuns { curve.record(rows: rows, nanoseconds: nanoseconds) }
        }
        record(1, 1000)
        record(4, 1200)
        // From 4 rows, the next that is tried is 16.
        #expect(curve.limit == 16)
        record(16, 1400)
        #expect(curve.limit == 64)
        // A row costs far more there than at 16: back to that.
        record(64, 64_000)
        #expect(curve.limit == 16)
        curve.failed(rows: 16)
        #expect(curve.limit == 4)
        curve.failed(rows: 4)
        #expect(curve.limit == 1)
        #expect(CostCurve(AllowedSizes([1])).limit == 1)
        #expect(CostCurve(AllowedSizes([8, 32])).limit == 8)
    }
}
