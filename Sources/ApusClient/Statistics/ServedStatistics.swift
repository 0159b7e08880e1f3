/// What a server says that one version has done: its v2 statistics, with what Apus adds to them.
///
/// Members that another server doesn't know count as nothing; as many elements of a list are kept as make sense.
package struct ServedStatistics: Sendable {
    /// A count and a sum of nanoseconds.
    package struct Times: Sendable, Hashable {
        /// How often.
        package let count: UInt64
        /// How long altogether.
        package let nanoseconds: UInt64

        /// Nanoseconds each; `nil` for what never happened.
        var mean: Double? { count == 0 ? nil : Double(nanoseconds) / Double(count) }
    }

    /// One phase of answered requests.
    package struct Phase: Sendable, Hashable {
        /// What it is called.
        package let name: String
        /// How long it took.
        package let times: Times
    }

    /// Runs of one size.
    package struct Runs: Sendable, Hashable {
        /// Rows in each.
        package let size: UInt64
        /// How many.
        package let count: UInt64
    }

    /// What a row costs in runs of one size.
    package struct CostPoint: Sendable, Hashable {
        /// Rows in a run.
        package let rows: UInt64
        /// Nanoseconds for each.
        package let nanoseconds: UInt64
    }

    /// How many instances can run something.
    package struct Instances: Sendable, Hashable {
        /// All of them.
        package let count: UInt64
        /// Those that aren't lost.
        package let alive: UInt64
        /// How often one was lost.
        package let lost: UInt64
    }

    /// The most versions, cost points and slow requests that are kept.
    static let maxElements = 32

    /// The model's name.
    package let name: String
    /// The version, as the server writes it.
    package let version: String
    /// Rows inferred.
    package let rows: UInt64
    /// Engine runs.
    package let runs: UInt64
    /// Those of them that ran on an event loop.
    package let inlineRuns: UInt64
    /// Requests answered.
    package let success: Times
    /// Requests that failed.
    package let fail: Times
    /// The phases of a request, in their order.
    package let phases: [Phase]
    /// Answers out of the response cache.
    package let cacheHits: UInt64
    /// Requests that the response cache had no answer for.
    package let cacheMisses: UInt64
    /// Hits that were answered by a run under way.
    package let savedRuns: UInt64
    /// Runs by size, ascending.
    package let batches: [Runs]
    /// How long ago the version was loaded, in nanoseconds; 0 where the server doesn't say.
    package let age: UInt64
    /// Requests that wait now; `nil` where the server doesn't say.
    package let pending: UInt64?
    /// How and where requests run, and why.
    package let note: String
    /// Whether requests share runs, and why.
    package let batching: String
    /// How many threads a run has, and why; empty where the server doesn't say.
    package let threads: String
    /// What is configured that decides when requests run; empty where nothing is, or the server doesn't say.
    package let rules: String
    /// The most rows that a run takes now; `nil` where the server doesn't say.
    package let batchLimit: UInt64?
    /// What was learnt of costs, ascending.
    package let curve: [CostPoint]
    /// The instances; `nil` where the server doesn't say.
    package let instances: Instances?
    /// How many instances run where, in words.
    package let devices: [String]
    /// The slowest requests, slowest first.
    package let slowest: [SlowRequest]
}
