import Testing

@testable import ApusScheduling

/// Which size runs should have by what was learnt.
struct CostCurveLimitTests {
    private func learn(_ curve: inout CostCurve, _ costs: [(rows: Int, rowNanoseconds: UInt64)], times: Int = 4) {
        for (rows, cost) in costs {
            for _ in 0..<times { curve.record(rows: rows, nanoseconds: cost * UInt64(rows)) }
        }
    }

    @Test func `a size is tried before it is judged`() {
        var curve = CostCurve()
        #expect(curve.limit == 2)
        learn(&curve, [(1, 80), (2, 40)])
        #expect(curve.limit == 4)
    }

    @Test func `the smallest of sizes that cost about the same is taken`() {
        var curve = CostCurve()
        learn(&curve, [(1, 800), (2, 400), (4, 200), (8, 140), (16, 124), (32, 120)])
        #expect(curve.limit == 8)
    }

    @Test func `sizes beyond it are measured anew after a while`() {
        var curve = CostCurve()
        learn(&curve, [(1, 800), (2, 400), (4, 200), (8, 140), (16, 124), (32, 120)])
        for _ in 0..<8192 { curve.record(rows: 8, nanoseconds: 140 * 8) }
        #expect(curve.limit > 8)
    }

    @Test func `a size that isn't worth it is tried less and less often, and soon again once it is`() {
        var curve = CostCurve()
        // Rows are cheapest in runs of 8; those of 16 spill out of some cache.
        func cost(_ rows: Int, isCured: Bool = false) -> UInt64 {
            UInt64(8_000 + 1_000 * rows) * (rows > 8 && !isCured ? 2 : 1)
        }
        var trials: [Int] = []
        curve.record(rows: 1, nanoseconds: cost(1))
        for run in 0..<20_000 {
            let rows = curve.limit
            if rows > 8 { trials.append(run) }
            curve.record(rows: rows, nanoseconds: cost(rows))
        }
        #expect((3 * 3...3 * 10).contains(trials.count), "\(trials)")
        for _ in 0..<5_000 where curve.limit <= 8 {
            curve.record(rows: curve.limit, nanoseconds: cost(curve.limit, isCured: true))
        }
        #expect(curve.limit > 8)
    }

    @Test func `company is cheaper when a row costs half of what it costs alone`() {
        var curve = CostCurve()
        #expect(!curve.isCheaperTogether)
        learn(&curve, [(1, 800), (2, 400)])
        #expect(curve.isCheaperTogether)
        var flat = CostCurve()
        learn(&flat, [(1, 800), (2, 500)])
        #expect(!flat.isCheaperTogether)
    }
}
