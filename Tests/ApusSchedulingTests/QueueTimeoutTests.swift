import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// Who waits behind a long run is told at the moment that was agreed, not when the run has ended.
struct QueueTimeoutTests {
    /// Where the 50 ms come from.
    enum Limit: CaseIterable {
        /// The request's deadline.
        case deadline
        /// The request's `timeout`, which is its deadline where no policy says otherwise.
        case timeout
        /// `default_timeout_microseconds` of the queue's policy.
        case policy
        /// A `timeout` shorter than the policy's, which allows that.
        case overridden
    }

    private static let limit: Int64 = 50_000_000
    private static let run: Int64 = 10_000_000_000

    private func bench(_ limit: Limit, isBatched: Bool) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: 1)
        configuration.allowsInlineRuns = false
        if limit == .policy || limit == .overridden {
            var policy = QueuePolicy()
            policy.defaultTimeout = limit == .policy ? QueueTimeoutTests.limit : 2 * QueueTimeoutTests.run
            policy.allowsTimeoutOverride = true
            configuration.queue = QueueRules(policies: [policy], defaultPriority: 0)
        }
        return try Bench(
            signature: SchedulerBatchingTests.signature,
            compute: SchedulerBatchingTests.double,
            configuration: configuration,
            isBatched: isBatched,
            isStepped: true
        )
    }

    private func submit(_ limit: Limit?, to bench: Bench) -> RecordingSink {
        let sink = bench.pooledSink()
        var request = bench.request([NamedTensor(name: "a", tensor: Tensor([1, 2], floats: [1, 2]))])
        let end = bench.time.now.advanced(byNanoseconds: QueueTimeoutTests.limit)
        switch limit {
        case .deadline: request.deadline = Deadline(time: end)
        case .timeout, .overridden: request.queueTimeout = QueueTimeoutTests.limit
        case .policy, nil: break
        }
        bench.submit(request, to: sink)
        return sink
    }

    @Test(arguments: Limit.allCases, [false, true])
    func `a hundred with 50 ms behind a run of 10 s are all answered at 50 ms`(
        _ limit: Limit,
        _ isBatched: Bool
    ) throws {
        let bench = try bench(limit, isBatched: isBatched)
        let sinks = Mutex<[RecordingSink]>([])
        let endedEarly = Mutex<Int?>(nil)
        let endedOnTime = Mutex<Int?>(nil)
        @Sendable func ended() -> Int { sinks.withLock { $0.count(where: \.hasEnded) } }
        // The only instance is busy, and there is no other thread.
        bench.session.inputHook = {
            bench.session.inputHook = nil
            sinks.withLock { $0 = (0..<100).map { _ in submit(limit, to: bench) } }
            bench.time.advance(byNanoseconds: QueueTimeoutTests.limit - 1)
            _ = bench.pool.wakeUps?.ring()
            let early = ended()
            endedEarly.withLock { $0 = early }
            bench.time.advance(byNanoseconds: 1)
            _ = bench.pool.wakeUps?.ring()
            let onTime = ended()
            endedOnTime.withLock { $0 = onTime }
            bench.time.advance(byNanoseconds: QueueTimeoutTests.run - QueueTimeoutTests.limit)
        }
        let slow = submit(nil, to: bench)
        #expect(bench.pool.runNext())
        #expect(endedEarly.withLock { $0 } == 0)
        #expect(endedOnTime.withLock { $0 } == 100)
        for sink in sinks.withLock({ $0 }) {
            let error = sink.outcomeSoFar?.error
            #expect(error?.code == .unavailable)
            #expect(error?.message == "[request id: <id_unknown>] Request timeout expired")
            #expect(sink.faults.isEmpty)
        }
        #expect(slow.outcomeSoFar?.answers.first?.outputs.first?.tensor.floats == [2, 4])
        while bench.pool.runNext() {}
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failures == [100, 0, 0, 0])
        #expect(statistics.fail.nanoseconds == 100 * UInt64(QueueTimeoutTests.limit))
        #expect(statistics.success.count == 1)
        #expect(statistics.pending == 0)
        #expect(bench.session.runs.count == 1)
        #expect(bench.holder.ended == 101)
    }
}
