/// A count and a sum of nanoseconds, as the statistics extension has them.
package struct DurationStatistic: Hashable, Sendable {
    /// How often.
    package var count: UInt64 = 0
    /// How long altogether, in nanoseconds.
    package var nanoseconds: UInt64 = 0

    /// Starts at zero.
    package init() {}

    /// Adds one event.
    package mutating func record(nanoseconds elapsed: UInt64) {
        count &+= 1
        nanoseconds &+= elapsed
    }

    /// Adds what somebody else counted.
    package mutating func add(_ other: DurationStatistic) {
        count &+= other.count
        nanoseconds &+= other.nanoseconds
    }
}

/// Why a request failed, by the metric's closed set of reasons.
package enum FailureReason: String, Sendable, CaseIterable {
    /// Refused for want of room, time or readiness.
    case rejected = "REJECTED"
    /// Nobody waited any more.
    case canceled = "CANCELED"
    /// The engine reported it.
    case engine = "BACKEND"
    /// Everything else, mostly requests that don't fit the model.
    case other = "OTHER"
}

/// What one version has done since it was loaded.
package struct ModelStatistics: Sendable {
    /// The phases of a request that are counted.
    package enum Phase: Int, CaseIterable, Sendable {
        /// All of it, from the request's first byte to its outputs.
        case request
        /// Waiting for an instance.
        case queue
        /// Preparing inputs for the engine.
        case computeInput
        /// The engine's own work.
        case computeInfer
        /// Preparing outputs for the answer.
        case computeOutput
    }

    /// Executions at one batch size.
    package struct Batch: Sendable {
        /// Preparing inputs.
        package var computeInput = DurationStatistic()
        /// The engine's own work.
        package var computeInfer = DurationStatistic()
        /// Preparing outputs.
        package var computeOutput = DurationStatistic()

        /// Starts at zero.
        package init() {}
    }

    /// What a response cache has done for a version.
    package struct Cache: Hashable, Sendable {
        /// Requests answered without a run of their own, and how long looking their answers up took.
        package var hit = DurationStatistic()
        /// Requests that a run was made for, and how long looking up and remembering took.
        package var miss = DurationStatistic()
        /// Of the hits those that were answered by a run which an equal request had begun.
        package var savedRuns: UInt64 = 0

        /// Starts at zero.
        package init() {}
    }

    /// When the last request came, milliseconds since 1970; 0 for never.
    package var lastInference: Int64 = 0
    /// Batch elements inferred.
    package var inferenceCount: UInt64 = 0
    /// Engine runs.
    package var executionCount: UInt64 = 0
    /// Requests that were answered, from their first byte to their outputs.
    package var success = DurationStatistic()
    /// Requests that failed, from their first byte to the failure.
    package var fail = DurationStatistic()
    /// Waiting for an instance, over answered requests.
    package var queue = DurationStatistic()
    /// Preparing inputs, over answered requests.
    package var computeInput = DurationStatistic()
    /// The engine's own work, over answered requests.
    package var computeInfer = DurationStatistic()
    /// Preparing outputs, over answered requests.
    package var computeOutput = DurationStatistic()
    /// Failures by `FailureReason`, in the order of its cases.
    package var failures = [UInt64](repeating: 0, count: FailureReason.allCases.count)
    /// Executions by batch size.
    package var batches: [Int: Batch] = [:]
    /// A latency histogram for each `Phase`, in the order of its cases.
    package var histograms = [LatencyHistogram](repeating: LatencyHistogram(), count: Phase.allCases.count)
    /// Requests that wait for an instance; those that run don't count.
    package var pending: Int = 0
    /// How long loading the version took, in nanoseconds.
    package var loadNanoseconds: UInt64 = 0
    /// Runs on the event loop that decoded the request.
    package var inlineExecutionCount: UInt64 = 0
    /// The requests that took longest.
    package var slowest = SlowestRequests()
    /// What its response cache has done; `nil` for a version without one.
    package var cache: Cache?
    /// One sentence: how requests run now and why.
    package var schedulingNote = ""
    /// One sentence: whether requests share runs and why.
    package var batchingNote = ""
    /// One sentence: which threads of the engine runs use and why; empty where nothing is chosen.
    package var threadsNote = ""
    /// One sentence: what is configured that decides when requests run; empty where nothing is.
    package var rulesNote = ""
    /// What a row was measured to cost by the number of rows in its run, ascending.
    package var costCurve: [CostPoint] = []
    /// The most rows that a run takes now, for the inputs that `costCurve` is of; 0 where nothing is put together.
    package var batchLimit = 0
    /// How long ago the version was loaded, in nanoseconds.
    package var ageNanoseconds: UInt64 = 0

    /// How many instances run where, in the order of the configuration.
    package var devices: [DeviceShare] = []

    /// Instances on one device.
    package struct DeviceShare: Hashable, Sendable {
        /// The device in words.
        package let device: String
        /// How many instances it has.
        package let instances: Int

        /// Notes a share.
        package init(device: String, instances: Int) {
            self.device = device
            self.instances = instances
        }
    }

    /// What became of instances that were lost.
    package var failover = Failover()

    /// Instances that were lost, and the requests that they had.
    package struct Failover: Hashable, Sendable {
        /// Parallel instances, lost ones included.
        package var instances = 0
        /// Those that can run something now.
        package var alive = 0
        /// How often an instance was lost.
        package var lost: UInt64 = 0
        /// Requests, or parts of them, that ran once more.
        package var retried: UInt64 = 0
        /// Requests that two instances were lost with.
        package var confined: UInt64 = 0
        /// Requests refused because they were the same as one of those.
        package var refused: UInt64 = 0

        /// Starts at zero.
        package init() {}
    }

    /// One point of the cost curve.
    package struct CostPoint: Hashable, Sendable {
        /// Rows in a run, a power of two: the lower end of the sizes counted here.
        package let rows: Int
        /// Nanoseconds for each row.
        package let rowNanoseconds: UInt64

        /// Notes one point.
        package init(rows: Int, rowNanoseconds: UInt64) {
            self.rows = rows
            self.rowNanoseconds = rowNanoseconds
        }
    }

    /// Starts at zero.
    package init() {}
}

/// The statistics of a version and what it is.
package struct ModelStatisticsReport: Sendable {
    /// Which version.
    package let id: ModelID
    /// Its counters, read at one moment.
    package let statistics: ModelStatistics

    /// Pairs a version with its counters.
    package init(id: ModelID, statistics: ModelStatistics) {
        self.id = id
        self.statistics = statistics
    }
}

/// Who knows what the models have done.
package protocol StatisticsSource: Sendable {
    /// The statistics of all live versions, sorted by name and version.
    func statistics() -> [ModelStatisticsReport]
}
