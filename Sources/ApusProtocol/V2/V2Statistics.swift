package import ApusCore

/// The JSON document of the statistics extension.
package enum V2Statistics {
    /// `{"model_stats": […]}` for the versions given.
    package static func document(_ reports: [ModelStatisticsReport]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.key("model_stats")
            text.array { text in
                for report in reports { write(report, to: &text) }
            }
        }
        return text.bytes
    }

    private static func write(_ report: ModelStatisticsReport, to text: inout JSONText) {
        let statistics = report.statistics
        text.object { text in
            text.member("name", report.id.name.description)
            text.member("version", report.id.version.description)
            text.member("last_inference", statistics.lastInference)
            text.member("inference_count", statistics.inferenceCount)
            text.member("execution_count", statistics.executionCount)
            text.key("inference_stats")
            text.object { text in
                duration("success", statistics.success, to: &text)
                duration("fail", statistics.fail, to: &text)
                duration("queue", statistics.queue, to: &text)
                duration("compute_input", statistics.computeInput, to: &text)
                duration("compute_infer", statistics.computeInfer, to: &text)
                duration("compute_output", statistics.computeOutput, to: &text)
                duration("cache_hit", statistics.cache?.hit ?? DurationStatistic(), to: &text)
                duration("cache_miss", statistics.cache?.miss ?? DurationStatistic(), to: &text)
            }
            text.key("response_stats")
            text.object { _ in }
            text.key("batch_stats")
            batches(statistics, to: &text)
            text.key("memory_usage")
            text.array { _ in }
            text.key("scheduling")
            scheduling(statistics, to: &text)
        }
    }

    /// The instances, where they are, and what became of those that were lost.
    private static func instances(_ statistics: ModelStatistics, to text: inout JSONText) {
        text.key("instances")
        text.object { text in
            text.member("count", statistics.failover.instances)
            text.member("alive", statistics.failover.alive)
            text.member("lost", statistics.failover.lost)
        }
        text.key("devices")
        text.array { text in
            for share in statistics.devices {
                text.object { text in
                    text.member("device", share.device)
                    text.member("instances", share.instances)
                }
            }
        }
        text.member("retried_count", statistics.failover.retried)
        text.member("quarantined_count", statistics.failover.confined)
        text.member("quarantine_refusal_count", statistics.failover.refused)
    }

    /// What Apus adds to the extension: how requests are run, what was learnt, which ones took long.
    private static func scheduling(_ statistics: ModelStatistics, to text: inout JSONText) {
        text.object { text in
            text.member("note", statistics.schedulingNote)
            text.member("inline_execution_count", statistics.inlineExecutionCount)
            text.member("batching", statistics.batchingNote)
            if !statistics.threadsNote.isEmpty { text.member("threads", statistics.threadsNote) }
            if !statistics.rulesNote.isEmpty { text.member("rules", statistics.rulesNote) }
            text.member("age_ns", statistics.ageNanoseconds)
            text.member("pending_count", statistics.pending)
            if statistics.batchLimit > 0 { text.member("batch_limit", statistics.batchLimit) }
            if let cache = statistics.cache { text.member("saved_run_count", cache.savedRuns) }
            instances(statistics, to: &text)
            text.key("cost_curve")
            text.array { text in
                for point in statistics.costCurve {
                    text.object { text in
                        text.member("rows", point.rows)
                        text.member("row_ns", point.rowNanoseconds)
                    }
                }
            }
            text.key("slowest")
            text.array { text in
                for entry in statistics.slowest.entries { slow(entry, to: &text) }
            }
        }
    }

    private static func slow(_ entry: SlowestRequests.Entry, to text: inout JSONText) {
        let timings = entry.timings
        text.object { text in
            text.member("id", entry.id)
            text.member("time", entry.time)
            text.member("total_ns", entry.nanoseconds)
            text.member("decode_ns", timings.queued.nanoseconds(since: timings.received))
            text.member("queue_ns", timings.gatheringStarted.nanoseconds(since: timings.queued))
            text.member("batch_ns", timings.computeStarted.nanoseconds(since: timings.gatheringStarted))
            text.member("compute_input_ns", timings.inputReady.nanoseconds(since: timings.computeStarted))
            text.member("compute_infer_ns", timings.inferEnded.nanoseconds(since: timings.inputReady))
            text.member("compute_output_ns", timings.computeEnded.nanoseconds(since: timings.inferEnded))
            text.member("batch_size", Int(timings.batchSize))
        }
    }

    private static func batches(_ statistics: ModelStatistics, to text: inout JSONText) {
        text.array { text in
            for (size, batch) in statistics.batches.sorted(by: { $0.key < $1.key }) {
                text.object { text in
                    text.member("batch_size", size)
                    duration("compute_input", batch.computeInput, to: &text)
                    duration("compute_infer", batch.computeInfer, to: &text)
                    duration("compute_output", batch.computeOutput, to: &text)
                }
            }
        }
    }

    private static func duration(_ name: String, _ value: DurationStatistic, to text: inout JSONText) {
        text.key(name)
        text.object { text in
            text.member("count", value.count)
            text.member("ns", value.nanoseconds)
        }
    }
}
