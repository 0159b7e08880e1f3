/// What a loop of runs came to.
struct RawResult {
    /// Threads that called the engine.
    let threads: Int
    /// How long all of it took.
    let nanoseconds: UInt64
    /// Nanoseconds of each run.
    let durations: [UInt64]

    /// One line for `scripts/bench`.
    var json: String {
        let seconds = Double(nanoseconds) / 1e9
        let sorted = durations.sorted()
        let median = sorted.isEmpty ? 0 : Double(sorted[sorted.count / 2]) / 1e3
        return """
            {"threads": \(threads), "runs": \(durations.count), "seconds": \(seconds), \
            "runs_per_second": \(Double(durations.count) / seconds), "median_us": \(median)}
            """
    }
}
