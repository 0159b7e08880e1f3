/// What a configuration says of joining requests into one run.
package struct BatchRules: Hashable, Sendable {
    /// The most rows that the user allows in one run; `nil` for what measurements allow.
    package var maxRows: Int?
    /// Sizes worth waiting for, ascending; empty for the largest that is allowed.
    package var preferredSizes: [Int] = []
    /// Sizes that runs are filled up to.
    package var allowedSizes = AllowedSizes()
    /// How long the first request waits for company, in nanoseconds.
    package var maxDelay: Int64 = 0
    /// The 99th percentile of latency that sizes and waits are chosen for, in nanoseconds; `nil` without a goal.
    package var latencyGoal: Int64?
    /// Whether nobody may overtake, and answers leave in the order of their requests.
    package var preservesOrdering = false
    /// Whether requests may be joined at all.
    package var isAllowed = true

    /// No limit, no waiting.
    package init() {}

    /// Whether so many waiting rows needn't wait for more, where a run takes no more than `limit`.
    func isComplete(rows: Int, limit: Int) -> Bool {
        rows >= limit || preferredSizes.last.map { rows >= $0 } ?? false
    }

    /// How many of so many waiting rows a run should take, where it may take no more than `limit`.
    ///
    /// Triton's rule: the largest preferred size that is there, everything when none is.
    func size(rows: Int, limit: Int) -> Int {
        let available = min(rows, limit)
        return preferredSizes.last { $0 <= available } ?? available
    }
}
