/// What the statistics show of the costs that were measured.
extension BatchingStateMachine {
    /// The measured costs of the bucket with most sizes measured, and the most rows that a run of it takes now.
    var learnt: (curve: [(rows: Int, rowNanoseconds: UInt64)], limit: Int) {
        let busiest = curves.map { (bucket: $0.key, curve: $0.value.measured) }.max { $0.curve.count < $1.curve.count }
        return (busiest?.curve ?? [], limit(busiest?.bucket ?? 0))
    }
}
