/// What a run costs by its number of rows, learnt from the runs themselves, for one bucket of shapes.
///
/// Sizes are kept by powers of two. The limit starts at the smallest size and doubles for as long as the largest
/// measured size brings a row for clearly less than the size before; so a model whose rows cost the same in any company
/// is never made to wait for a large run.
struct CostCurve: Sendable {
    /// What is known of runs of one size class.
    private struct Point {
        /// Nanoseconds for a row: a moving average.
        var rowCost = 0.0
        /// Runs that it rests on.
        var runs = 0
        /// The number of the last of them.
        var last = 0
        /// Runs for which the size isn't tried again when it isn't worth it.
        var pause = CostCurve.firstHold
    }

    /// Runs that a size needs before anything is concluded from it.
    static let neededRuns = 3
    /// By how much a row must become cheaper for a larger size to be worth it.
    static let worthwhile = 0.9
    /// The weight of a new run in the average.
    private static let weight = 0.2
    /// The largest class: 4,096 rows.
    private static let maxClass = 12
    /// Runs before a size that was not worth it is tried again; doubles each time, until it is worth it after all.
    private static let firstHold = 256
    private static let longestHold = 4096

    private var points = [Point](repeating: Point(), count: CostCurve.maxClass + 1)
    /// The class up to which runs are allowed now.
    private(set) var allowedClass: Int
    /// The classes of sizes that are tried, ascending.
    private let steps: [Int]
    /// All runs so far.
    private var runs = 0
    /// How old, in runs, a size's measurement may be for another one to be called dearer.
    private static let memory = 256
    /// Runs after which sizes that aren't taken any more are measured anew.
    private static let oblivion = 8192
    /// How much dearer than in the best size a row may be in one that is called as good.
    private static let tolerance = 1.25
    /// Runs until a larger size may be tried.
    private var hold = 0

    /// The most rows that a run should take now.
    ///
    /// The largest size allowed until that has been measured, then the smallest whose rows cost about as little as in
    /// any: what a still larger run would save of the engine's time, event loops lose that have nothing to answer
    /// meanwhile.
    ///
    /// This and the two below are asked for by every request that waits, so they are worked out when a run has ended.
    private(set) var limit: Int

    /// Nothing is measured; sizes that aren't allowed aren't tried.
    init(_ sizes: AllowedSizes = AllowedSizes()) {
        steps = sizes.isEmpty ? Array(0...CostCurve.maxClass) : sizes.classes
        allowedClass = steps.first { $0 > 0 } ?? 0
        limit = 1 << allowedClass
    }

    /// The largest size that is allowed or being tried, whatever it costs a row.
    var largest: Int { 1 << allowedClass }

    /// Notes a run.
    ///
    /// - Parameters:
    ///   - rows: How many rows it had.
    ///   - nanoseconds: How long the engine took, copying in and out included.
    mutating func record(rows: Int, nanoseconds: UInt64) {
        guard rows > 0 else { return }
        let index = CostCurve.sizeClass(of: rows)
        let cost = Double(nanoseconds) / Double(rows)
        let isFirst = points[index].runs == 0
        points[index].rowCost =
            isFirst ? cost : points[index].rowCost + CostCurve.weight * (cost - points[index].rowCost)
        points[index].runs = min(points[index].runs + 1, 1 << 20)
        runs += 1
        points[index].last = runs
        hold = max(0, hold - 1)
        if runs.isMultiple(of: CostCurve.oblivion) { forgetLargeSizes() }
        if index >= allowedClass { judge(index) }
        summarise()
    }

    /// Runs of so many rows fail, and smaller ones don't: for want of memory, for example.
    ///
    /// Smaller ones are taken from now on; this size is tried again later, less and less often.
    mutating func failed(rows: Int) {
        let index = CostCurve.sizeClass(of: max(1, rows))
        guard index > 0 else { return }
        for larger in index..<points.count { points[larger].runs = 0 }
        allowedClass = min(allowedClass, step(below: index))
        refuse(index)
        summarise()
    }

    /// Nanoseconds that a run of so many rows takes, by the nearest size measured; `nil` while nothing is known.
    func cost(rows: Int) -> UInt64? {
        guard rows > 0 else { return nil }
        let index = CostCurve.sizeClass(of: rows)
        for distance in points.indices {
            if let cost = cost(rows: rows, in: index - distance) ?? cost(rows: rows, in: index + distance) {
                return cost
            }
        }
        return nil
    }

    /// The same by one class of sizes.
    private func cost(rows: Int, in index: Int) -> UInt64? {
        guard points.indices.contains(index), points[index].runs > 0 else { return nil }
        return UInt64(min(points[index].rowCost * Double(rows), 1e18))
    }

    /// The measured sizes and what a row cost in each, in nanoseconds, ascending.
    var measured: [(rows: Int, rowNanoseconds: UInt64)] {
        points.indices.filter { points[$0].runs > 0 }.map { (1 << $0, UInt64(min(points[$0].rowCost, 1e18))) }
    }

    /// Nanoseconds that a row costs in the best size of more than one row; `nil` until one was measured.
    private(set) var bestJointRow: Double?

    /// Whether a row of the best joint run costs at most half of what it costs alone; `false` while either is unknown.
    private(set) var isCheaperTogether = false

    /// The class of a run of so many rows.
    private static func sizeClass(of rows: Int) -> Int {
        min(maxClass, Int.bitWidth - 1 - rows.leadingZeroBitCount)
    }

    /// Decides whether larger runs are worth a try, or this one was not.
    private mutating func judge(_ index: Int) {
        guard points[index].runs >= CostCurve.neededRuns else { return }
        let smaller = points[..<index].last { $0.runs >= CostCurve.neededRuns }
        guard let smaller else { return grow() }
        if points[index].rowCost <= smaller.rowCost * CostCurve.worthwhile {
            points[index].pause = CostCurve.firstHold
            grow()
        }
        // A size that costs a row clearly more than a smaller one did is not taken again soon.
        // One that was measured long ago says little: the machine may have been less busy then.
        let isRecent = runs - smaller.last <= CostCurve.memory
        let isDearer = points[index].rowCost > smaller.rowCost / CostCurve.worthwhile
        if isRecent, isDearer, index == allowedClass, index > steps[0] {
            points[index].runs = 0
            allowedClass = step(below: index)
            refuse(index)
        }
    }

    /// The smallest of the allowed sizes whose rows cost about as little as in the best, and more than one row where that
    /// is allowed: what a run costs besides the engine isn't measured.
    private var bestClass: Int {
        let measured = steps.lazy.filter { $0 <= allowedClass && points[$0].runs >= CostCurve.neededRuns }
        let best = measured.map { points[$0].rowCost }.min() ?? 0
        let smallest = min(1, allowedClass)
        return measured.first { $0 >= smallest && points[$0].rowCost <= best * CostCurve.tolerance } ?? allowedClass
    }

    /// Works out what is asked for often.
    private mutating func summarise() {
        limit = 1 << (points[allowedClass].runs >= CostCurve.neededRuns ? bestClass : allowedClass)
        bestJointRow = points[1...].lazy.filter { $0.runs >= CostCurve.neededRuns }.map(\.rowCost).min()
        isCheaperTogether =
            points[0].runs >= CostCurve.neededRuns && bestJointRow.map { $0 <= points[0].rowCost / 2 } ?? false
    }

    private mutating func forgetLargeSizes() {
        let best = bestClass
        guard best < allowedClass else { return }
        for index in (best + 1)...allowedClass { points[index].runs = 0 }
    }

    /// The next smaller class that is tried; the smallest where there is none.
    private func step(below index: Int) -> Int {
        steps.last { $0 < index } ?? steps[0]
    }

    private mutating func grow() {
        guard hold == 0, let next = steps.first(where: { $0 > allowedClass }) else { return }
        allowedClass = next
    }

    /// Has a class not tried again for a while.
    private mutating func refuse(_ index: Int) {
        hold = points[index].pause
        points[index].pause = min(hold * 2, CostCurve.longestHold)
    }
}
