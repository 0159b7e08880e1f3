internal import ApusCore

/// What runs cost: learnt from each that ends, and asked by who decides.
extension BatchingStateMachine {
    private static var maxCurves: Int { 64 }

    /// Notes what a run cost; where there are too many buckets, the one that ran longest ago is forgotten.
    mutating func learn(_ bucket: UInt64, rows: Int, nanoseconds: UInt64) {
        if curves[bucket] == nil, curves.count >= Self.maxCurves, let oldest = lastRuns.min(by: { $0.value < $1.value })
        {
            curves[oldest.key] = nil
            lastRuns[oldest.key] = nil
        }
        runs += 1
        lastRuns[bucket] = runs
        curves[bucket, default: unmeasured].record(rows: rows, nanoseconds: nanoseconds)
    }

    /// The measured costs of a bucket.
    func curve(of bucket: UInt64) -> CostCurve? { curves[bucket] }

    /// A run of so many rows failed, and the same rows in smaller runs didn't.
    mutating func sizeFailed(_ bucket: UInt64, rows: Int) {
        curves[bucket]?.failed(rows: rules.batching.allowedSizes.filled(rows))
    }

    /// What runs cost so far says nothing of those to come.
    mutating func forgetCosts() { (curves, lastRuns) = ([:], [:]) }

    /// The measured costs of the bucket with most sizes measured, and the most rows that a run of it takes now.
    var learnt: (curve: [(rows: Int, rowNanoseconds: UInt64)], limit: Int) {
        let busiest = curves.map { (bucket: $0.key, curve: $0.value.measured) }.max { $0.curve.count < $1.curve.count }
        return (busiest?.curve ?? [], limit(busiest?.bucket ?? 0))
    }

    /// How long a request would wait and run at least, in nanoseconds; `nil` while nothing is known of its bucket.
    func expectedTime(_ traits: AdmissionTraits) -> UInt64? {
        guard let curve = curves[traits.bucket], let own = cost(rows: traits.rows, by: curve) else { return nil }
        guard idle.isEmpty || !queue.isEmpty else { return own }
        let ahead = queue.ahead(of: traits)
        let instances = Double(max(1, rules.instances))
        guard isJoining, !traits.isAlone else {
            return Self.nanoseconds(Double(own) * Double(ahead.requests) / instances + Double(own))
        }
        let size = max(1, min(ahead.rows, limit(traits.bucket)))
        guard let perRun = cost(rows: size, by: curve) else { return own }
        return Self.nanoseconds(Double(perRun) * Double(ahead.rows) / Double(size) / instances + Double(own))
    }

    /// A time as a whole number, however long it is.
    private static func nanoseconds(_ time: Double) -> UInt64 { UInt64(max(0, min(time, 1e18))) }

    /// Nanoseconds of a run, filled up where that is done; `nil` while nothing is known.
    func cost(rows: Int, by curve: CostCurve) -> UInt64? {
        curve.cost(rows: isJoining ? rules.batching.allowedSizes.filled(rows) : rows)
    }
}
