import Testing

@testable import ApusScheduling

struct CostCurveTests {
    /// Runs of the size that is allowed, each at the cost that a closure gives for its rows.
    private func learn(_ curve: inout CostCurve, runs: Int, _ cost: (Int) -> UInt64) {
        for _ in 0..<runs {
            let rows = curve.limit
            curve.record(rows: rows, nanoseconds: cost(rows))
        }
    }

    @Test func `nothing is known before the first run`() {
        let curve = CostCurve()
        #expect(curve.cost(rows: 1) == nil)
        #expect(curve.bestJointRow == nil)
        #expect(curve.measured.isEmpty)
        #expect(curve.limit == 2)
    }

    @Test func `the limit grows while rows become cheaper`() {
        var curve = CostCurve()
        for _ in 0..<CostCurve.neededRuns { curve.record(rows: 1, nanoseconds: 30_000) }
        learn(&curve, runs: 100) { UInt64(20_000 + 2_000 * $0) }
        #expect(curve.limit > 16)
    }

    @Test func `the limit stays where rows cost the same in any company`() {
        var curve = CostCurve()
        for _ in 0..<CostCurve.neededRuns { curve.record(rows: 1, nanoseconds: 10_000) }
        learn(&curve, runs: 100) { UInt64(10_000 * $0) }
        #expect(curve.limit <= 2)
    }

    @Test func `the cost of a size that was not measured is that of the nearest`() {
        var curve = CostCurve()
        curve.record(rows: 4, nanoseconds: 4_000)
        #expect(curve.cost(rows: 1) == 1_000)
        #expect(curve.cost(rows: 64) == 64_000)
        #expect(curve.cost(rows: 0) == nil)
    }

    @Test func `a size that failed is not allowed for a while, nor are larger ones`() {
        var curve = CostCurve()
        for _ in 0..<CostCurve.neededRuns { curve.record(rows: 1, nanoseconds: 30_000) }
        learn(&curve, runs: 40) { UInt64(20_000 + 2_000 * $0) }
        curve.failed(rows: 8)
        #expect(curve.limit <= 4)
        #expect(curve.measured.allSatisfy { $0.rows < 8 })
        learn(&curve, runs: 200) { UInt64(20_000 + 2_000 * $0) }
        #expect(curve.limit <= 4)
        learn(&curve, runs: 200) { UInt64(20_000 + 2_000 * $0) }
        #expect(curve.limit > 4)
    }

    @Test func `a single row that fails says nothing of sizes`() {
        var curve = CostCurve()
        curve.failed(rows: 1)
        curve.failed(rows: 0)
        #expect(curve.limit == 2)
    }

    @Test func `sizes and costs at the ends of their ranges don't trap`() {
        var curve = CostCurve()
        curve.record(rows: .max, nanoseconds: .max)
        curve.record(rows: 1, nanoseconds: .max)
        curve.record(rows: -3, nanoseconds: 1)
        #expect(curve.cost(rows: .max) != nil)
        #expect(curve.measured.map(\.rows) == [1, 4096])
    }
}
