internal import ApusCore
internal import ApusProtos
internal import SwiftProtobuf

extension Inference_ModelStatistics {
    /// The statistics extension's message for a version.
    init(_ report: ModelStatisticsReport) {
        self.init()
        let statistics = report.statistics
        name = report.id.name.description
        version = report.id.version.description
        lastInference = UInt64(clamping: statistics.lastInference)
        inferenceCount = statistics.inferenceCount
        executionCount = statistics.executionCount
        inferenceStats.success = .init(statistics.success)
        inferenceStats.fail = .init(statistics.fail)
        inferenceStats.queue = .init(statistics.queue)
        inferenceStats.computeInput = .init(statistics.computeInput)
        inferenceStats.computeInfer = .init(statistics.computeInfer)
        inferenceStats.computeOutput = .init(statistics.computeOutput)
        inferenceStats.cacheHit = .init(statistics.cache?.hit ?? DurationStatistic())
        inferenceStats.cacheMiss = .init(statistics.cache?.miss ?? DurationStatistic())
        batchStats = statistics.batches.sorted { $0.key < $1.key }.map { size, batch in
            .with {
                $0.batchSize = UInt64(clamping: size)
                $0.computeInput = .init(batch.computeInput)
                $0.computeInfer = .init(batch.computeInfer)
                $0.computeOutput = .init(batch.computeOutput)
            }
        }
    }
}

extension Inference_StatisticDuration {
    /// A count and a sum.
    fileprivate init(_ statistic: DurationStatistic) {
        self.init()
        count = statistic.count
        ns = statistic.nanoseconds
    }
}
