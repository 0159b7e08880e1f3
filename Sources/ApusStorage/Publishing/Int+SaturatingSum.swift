extension Sequence<Int> {
    /// The sum of sizes; the largest number for more than that, since a store may list what it likes.
    package var saturatingSum: Int {
        reduce(0) { sum, count in
            let (sum, overflow) = sum.addingReportingOverflow(count)
            return overflow ? .max : sum
        }
    }
}
