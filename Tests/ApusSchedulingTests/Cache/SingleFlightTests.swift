import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// Equal requests that come while one of them runs.
struct SingleFlightTests {
    @Test func `a hundred equal requests to a slow model are one run`() async throws {
        let bench = try CacheBench()
        bench.session.gate.close()
        let sinks = (0..<100).map { bench.ask(bench.request(id: "r\($0)")) }
        await bench.session.gate.arrived(1)
        bench.session.gate.open()
        for (number, sink) in sinks.enumerated() {
            let outcome = await sink.outcome()
            #expect(outcome.error == nil)
            #expect(outcome.answers.map(\.id) == ["r\(number)"])
            #expect(outcome.answers.first?.outputs.first?.tensor.floats == [1, 2])
            #expect(sink.faults.isEmpty)
        }
        #expect(bench.session.runs.count == 1)
        #expect(bench.statistics.cache?.savedRuns == 99)
        #expect(bench.statistics.cache?.hit.count == 99)
        #expect(bench.statistics.cache?.miss.count == 1)
        #expect(bench.statistics.success.count == 100)
        #expect(bench.statistics.computeInfer.count == 1)
        #expect(bench.statistics.executionCount == 1)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `equal requests from many threads are one run`() async throws {
        let bench = try CacheBench()
        bench.session.gate.close()
        let sinks = await withTaskGroup(of: RecordingSink.self) { tasks in
            for number in 0..<100 { tasks.addTask { bench.ask(bench.request(id: "\(number)")) } }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.count == 1)
    }

    @Test func `each lane is woken once for all of its answers`() async throws {
        let bench = try CacheBench()
        bench.session.gate.close()
        let lanes = [RecordingLane(), RecordingLane()]
        let sinks = (0..<10).map { RecordingSink(lane: lanes[$0 % 2]) }
        for sink in sinks { bench.ask(bench.request(), sink) }
        bench.session.gate.open()
        for lane in lanes {
            await lane.delivered(1)
            lane.carryOut()
            #expect(lane.deliveries == [5])
        }
        #expect(sinks.allSatisfy { $0.hasEnded && $0.faults.isEmpty })
    }

    @Test func `a run on the event loop answers at once and others by their lanes`() async throws {
        let bench = try CacheBench(threads: 1)
        for number in 0..<InlinePolicy.neededScore { _ = await bench.ask(bench.request([Float(number), 9])).outcome() }
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        let runs = bench.session.runs.count
        let handle = lane.run { bench.ask(bench.request([100, 100], id: "r"), sink) }
        #expect(handle.isFinished)
        #expect(sink.outcomeSoFar?.answers.map(\.id) == ["r"])
        #expect(sink.faults.isEmpty)
        #expect(bench.session.runs.count == runs + 1)
        #expect(bench.statistics.inlineExecutionCount == 1)
    }

    @Test func `a failed run fails all who wait, each by its own name`() async throws {
        let bench = try CacheBench()
        bench.session.gate.close()
        bench.session.failNextRun(with: EngineError(.runFailed, "broken"))
        let sinks = ["a", "", "c"].map { bench.ask(bench.request(id: $0)) }
        bench.session.gate.open()
        var messages: [String?] = []
        for sink in sinks { messages.append(await sink.outcome().error?.message) }
        #expect(messages == ["[request id: a] broken", "[request id: <id_unknown>] broken", "[request id: c] broken"])
        #expect(bench.session.runs.count == 1)
        #expect(bench.statistics.failures == [0, 0, 3, 0])
        #expect(bench.statistics.fail.count == 3)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test(arguments: [0, 1, 2])
    func `one that is called back leaves the run to the others`(leaver: Int) async throws {
        let bench = try CacheBench()
        bench.session.gate.close()
        let sinks = (0..<3).map { _ in bench.bench.pooledSink() }
        let handles = sinks.enumerated().map { bench.ask(bench.request(id: "\($0)"), $1) }
        await bench.session.gate.arrived(1)
        handles[leaver].cancel()
        handles[leaver].expire()
        let error = sinks[leaver].outcomeSoFar?.error
        #expect(error?.code == .cancelled)
        #expect(
            error?.message == "[request id: \(leaver)] the request was cancelled: nobody waits for its answer"
        )
        bench.session.gate.open()
        for (number, sink) in sinks.enumerated() where number != leaver {
            #expect(await sink.outcome().error == nil)
        }
        #expect(sinks.allSatisfy { $0.faults.isEmpty })
        #expect(bench.session.terminations.isEmpty)
        #expect(bench.session.runs.count == 1)
        #expect(bench.statistics.success.count == 2)
        #expect(bench.statistics.failures == [0, 1, 0, 0])
        #expect(bench.statistics.cache?.savedRuns == 1)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `the run is terminated when nobody waits any more, and the next one runs anew`() async throws {
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        let sinks = (0..<3).map { _ in bench.bench.pooledSink() }
        let handles = sinks.map { bench.ask(bench.request(), $0) }
        await bench.session.gate.arrived(1)
        handles[0].cancel()
        handles[1].expire()
        #expect(bench.session.terminations.isEmpty)
        handles[2].expire()
        #expect(bench.session.terminations == [0])
        #expect(sinks.allSatisfy { $0.hasEnded && $0.faults.isEmpty })
        #expect(bench.statistics.failures == [2, 1, 0, 0])
        #expect(bench.statistics.fail.count == 3)
        bench.session.gate.open()
        #expect(await bench.ask(bench.request()).outcome().error == nil)
        #expect(bench.session.runs.count == 2)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a request that waits for a run in the queue is answered at its deadline`() async throws {
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        let busy = bench.ask(bench.request([9]))
        await bench.session.gate.arrived(1)
        let leader = bench.bench.pooledSink()
        let follower = bench.bench.pooledSink()
        let leading = bench.ask(bench.request(id: "leader", deadline: 100), leader)
        let following = bench.ask(bench.request(id: "follower", deadline: 50), follower)
        #expect(leading.deadline.time == bench.time.now.advanced(byNanoseconds: 100))
        #expect(following.deadline.time == bench.time.now.advanced(byNanoseconds: 50))
        bench.time.advance(byNanoseconds: 50)
        following.expire()
        #expect(follower.outcomeSoFar?.error?.message == "[request id: follower] Request timeout expired")
        #expect(!leader.hasEnded)
        bench.session.gate.open()
        #expect(await leader.outcome().error == nil)
        #expect(await busy.outcome().error == nil)
        #expect(bench.statistics.failures == [1, 0, 0, 0])
        #expect(bench.statistics.success.count == 2)
    }

    /// The queue expires the run with the deadline of the one that asked for it.
    @Test func `a run that expired in the queue is asked for again by one with more time`() async throws {
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        let busy = bench.ask(bench.request([9]))
        await bench.session.gate.arrived(1)
        let sinks = (0..<3).map { _ in bench.bench.pooledSink() }
        let deadlines: [Int64?] = [100, 90, nil]
        let handles = zip(sinks, deadlines).map { bench.ask(bench.request(id: "x", deadline: $1), $0) }
        bench.time.advance(byNanoseconds: 100)
        handles[0].expire()
        handles[1].expire()
        bench.session.gate.open()
        #expect(await sinks[2].outcome().error == nil)
        #expect(await busy.outcome().error == nil)
        for sink in sinks.prefix(2) {
            #expect(sink.outcomeSoFar?.error?.message == "[request id: x] Request timeout expired")
        }
        #expect(sinks.allSatisfy { $0.faults.isEmpty })
        #expect(bench.session.runs.count == 2)
        #expect(bench.statistics.failures == [2, 0, 0, 0])
        #expect(bench.statistics.success.count == 2)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a full queue refuses the one who asked`() async throws {
        var configuration = Scheduler.Configuration(instances: 1)
        var policy = QueuePolicy()
        policy.maxSize = 1
        configuration.queue = QueueRules(policies: [policy], defaultPriority: 0)
        let bench = CacheBench(
            try Bench(threads: 1, configuration: configuration),
            configuration: .init(queue: configuration.queue)
        )
        bench.session.gate.close()
        let running = bench.ask(bench.request([1]))
        await bench.session.gate.arrived(1)
        let waiting = bench.ask(bench.request([2]))
        let refused = bench.ask(bench.request([3], id: "full"))
        let joining = bench.ask(bench.request([2]))
        #expect(refused.outcomeSoFar?.error?.message == "[request id: full] Exceeds maximum queue size")
        bench.session.gate.open()
        for sink in [running, waiting, joining] { #expect(await sink.outcome().error == nil) }
        #expect(bench.statistics.failures == [1, 0, 0, 0])
        #expect(bench.statistics.success.count == 3)
        #expect(bench.session.runs.count == 2)
    }

    /// Under a written queue policy the time in the queue is each request's own affair.
    @Test(arguments: [true, false])
    func `a request with a queue timeout of its own neither joins nor is joined`(allowed: Bool) async throws {
        var policy = QueuePolicy()
        policy.defaultTimeout = 2000
        policy.allowsTimeoutOverride = allowed
        let queue = QueueRules(policies: [policy], defaultPriority: 0)
        let bench = try CacheBench(threads: 1, configuration: .init(queue: queue))
        bench.session.gate.close()
        var first = bench.request()
        first.queueTimeout = 1000
        let sinks = [bench.ask(first), bench.ask(bench.request()), bench.ask(bench.request())]
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.count == (allowed ? 2 : 1))
    }

    @Test func `inputs that would take long to digest are left alone`() async throws {
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        let count = 4 << 20 | 1
        let sinks = try (0..<2).map { _ in
            let storage = try #require(TensorStorage(byteCount: 4 * count))
            let shape = try #require(TensorShape([count]))
            var request = bench.request()
            request.inputs = [
                NamedTensor(name: "a", tensor: Tensor(dataType: .fp32, shape: shape, storage: storage))
            ]
            return bench.ask(request)
        }
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.count == 2)
    }

    @Test func `the bytes of a request are charged as long as somebody needs its inputs or its answer`() async throws {
        let budget = ByteBudget(limit: 1000)
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        let leader = RecordingSink(lane: ImmediateLane(isCurrent: false), holdsAnswers: true)
        var first = bench.request()
        first.charge = ByteCharge(100, from: budget)
        let handle = bench.ask(first, leader)
        await bench.session.gate.arrived(1)
        var second = bench.request()
        second.charge = ByteCharge(50, from: budget)
        let follower = bench.ask(second)
        // Who joins a run has no inputs of its own any more.
        #expect(budget.inUse == 100)
        bench.session.gate.open()
        #expect(await follower.outcome().error == nil)
        #expect(await leader.outcome().error == nil)
        #expect(budget.inUse == 100)
        leader.releaseAnswers()
        #expect(budget.inUse == 0)
        handle.cancel()
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `the inputs of a run stay charged when the one that brought them has gone`() async throws {
        let budget = ByteBudget(limit: 1000)
        let bench = try CacheBench(threads: 1)
        bench.session.gate.close()
        var first = bench.request()
        first.charge = ByteCharge(100, from: budget)
        let handle = bench.ask(first, bench.bench.pooledSink())
        await bench.session.gate.arrived(1)
        let follower = bench.ask(bench.request())
        handle.cancel()
        #expect(budget.inUse == 100)
        bench.session.gate.open()
        #expect(await follower.outcome().error == nil)
        #expect(budget.inUse == 0)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `requests, call backs and failures from many threads come to one end each`(seed: UInt64) async throws {
        let bench = try CacheBench(threads: 2)
        await withTaskGroup(of: Void.self) { tasks in
            for task in 0..<8 as Range<UInt64> {
                tasks.addTask {
                    var generator = SeededGenerator(seed: seed << 8 | task)
                    for step in 0..<200 {
                        let number = Float(Int.random(in: 0..<6, using: &generator))
                        let sink = bench.bench.pooledSink()
                        if step % 17 == 0 { bench.session.failNextRun(with: EngineError(.runFailed, "now and then")) }
                        let handle = bench.ask(bench.request([number, Float(step / 20)]), sink)
                        switch Int.random(in: 0..<4, using: &generator) {
                        case 0: handle.cancel()
                        case 1: handle.expire()
                        default: break
                        }
                        let outcome = await sink.outcome()
                        #expect(sink.faults.isEmpty)
                        if outcome.error == nil {
                            #expect(
                                outcome.answers.first?.outputs.first?.tensor.floats == [number, Float(step / 20)],
                                "seed \(seed)"
                            )
                        }
                    }
                }
            }
        }
        let statistics = bench.statistics
        #expect(statistics.success.count + statistics.fail.count == 8 * 200, "seed \(seed)")
        #expect(statistics.failures.reduce(0, +) == statistics.fail.count)
        #expect(statistics.computeInfer.count + (statistics.cache?.hit.count ?? 0) == statistics.success.count)
        #expect(bench.holder.ended == bench.holder.opened)
    }
}
