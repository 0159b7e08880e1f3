import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// The part of the wait that is for company, not for an instance.
struct GatheringTests {
    private func machine() -> BatchingStateMachine<Int> {
        var rules = BatchingStateMachine<Int>.Rules()
        rules.batching.maxRows = 4
        rules.batching.maxDelay = 100
        return BatchingStateMachine(rules: rules, isJoining: true)
    }

    private func time(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    private func entry(_ number: Int, at moment: Int64) -> QueueEntry<Int> {
        QueueEntry(request: number, level: 0, rows: 1, bucket: 0, enqueued: time(moment), deadline: nil)
    }

    @Test func `a wait for company is told from one for an instance`() {
        var machine = machine()
        _ = machine.enqueue(entry(1, at: 10), now: time(10))
        let change = machine.timePassed(now: time(110)).1
        #expect(change.instance == 0)
        #expect(machine.instanceStarted(0, now: time(120)).gatheringSince == time(10))
        // The instance is busy when the second one comes, and free from 200 on.
        _ = machine.enqueue(entry(2, at: 180), now: time(180))
        _ = machine.runEnded(instance: 0, bucket: 0, rows: 1, nanoseconds: 80, now: time(200))
        _ = machine.timePassed(now: time(280))
        #expect(machine.instanceStarted(0, now: time(280)).gatheringSince == time(200))
    }

    @Test func `a request that finds an instance and its time come hasn't waited for company`() {
        var machine = machine()
        _ = machine.enqueue(entry(1, at: 10), now: time(10))
        _ = machine.timePassed(now: time(110))
        #expect(machine.instanceStarted(0, now: time(110)).parts.count == 1)
        _ = machine.enqueue(entry(2, at: 120), now: time(120))
        _ = machine.runEnded(instance: 0, bucket: 0, rows: 1, nanoseconds: 80, now: time(300))
        #expect(machine.instanceStarted(0, now: time(310)).gatheringSince == nil)
    }

    @Test func `a wait that was called off counts for nobody`() {
        var machine = machine()
        guard case .waits(let ticket, _) = machine.enqueue(entry(1, at: 10), now: time(10)) else {
            Issue.record("refused")
            return
        }
        _ = machine.withdraw(ticket, now: time(10))
        _ = machine.timePassed(now: time(110))
        _ = machine.enqueue(entry(2, at: 500), now: time(500))
        _ = machine.timePassed(now: time(600))
        #expect(machine.instanceStarted(0, now: time(600)).gatheringSince == time(500))
    }

    @Test func `an answer knows the size of its run`() async throws {
        let bench = try Bench(threads: 1)
        let sink = bench.pooledSink()
        bench.submit(bench.request(), to: sink)
        let timings = try #require(await sink.outcome().answers.first?.timings)
        #expect(timings.batchSize == 1)
        #expect(timings.origin == .run)
        #expect(timings.gatheringStarted == timings.computeStarted)
        await bench.warmUp()
        let inline = RecordingSink()
        bench.submit(bench.request(), to: inline)
        #expect(inline.outcomeSoFar?.answers.first?.timings.batchSize == 1)
    }

    @Test func `requests that shared a run all know its size`() async throws {
        var configuration = Scheduler.Configuration(instances: 1)
        configuration.allowsInlineRuns = false
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            threads: 1,
            compute: SchedulerBatchingTests.double,
            configuration: configuration,
            isBatched: true
        )
        var sizes: [UInt32] = []
        // The first round is the one in which batches are proved safe.
        for _ in 0..<2 {
            bench.session.gate.close()
            let before = bench.session.runs.count
            let sinks = (0..<5).map { _ in bench.pooledSink() }
            for (number, sink) in sinks.enumerated() {
                let tensor = Tensor([1, 2], floats: [Float(number), 1])
                bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
                if number == 0 { await bench.session.gate.arrived(before + 1) }
            }
            bench.session.gate.open()
            sizes = []
            for sink in sinks { sizes.append(await sink.outcome().answers.first?.timings.batchSize ?? 0) }
        }
        // Four rows waited; how many of them went together is the cost curve's affair.
        #expect(sizes[0] == 1)
        #expect(sizes[1] > 1)
        let runs = bench.scheduler.statistics().batches
        #expect(sizes.allSatisfy { runs[Int($0)] != nil })
    }

    @Test func `the slowest requests are in the statistics`() async throws {
        let bench = try Bench(threads: 1)
        for number in 1...12 as ClosedRange<Int64> {
            bench.session.durations = .init(input: 1, infer: number * 100, output: 2)
            let sink = bench.pooledSink()
            bench.submit(bench.request(id: "r\(number)"), to: sink)
            _ = await sink.outcome()
        }
        let slowest = bench.scheduler.statistics().slowest.entries
        #expect(slowest.map(\.id) == (3...12).reversed().map { "r\($0)" })
        #expect(slowest.first?.nanoseconds == 1203)
        #expect(slowest.first?.timings.batchSize == 1)
        #expect(slowest.first.map { $0.time > 0 } == true)
    }
}
