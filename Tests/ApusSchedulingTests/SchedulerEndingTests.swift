import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// The ways in which a request ends without an answer.
struct SchedulerEndingTests {
    @Test func `a deadline that has passed at submit is refused without a run`() async throws {
        let bench = try Bench()
        for lane: any CompletionLane in [ImmediateLane(), ImmediateLane(isCurrent: false)] {
            let sink = RecordingSink(lane: lane)
            bench.submit(bench.request(id: "late", deadline: bench.time.now), to: sink)
            let error = await sink.outcome().error
            #expect(error?.code == .unavailable)
            #expect(error?.message == "[request id: late] Request timeout expired")
        }
        #expect(bench.session.runs.isEmpty)
        #expect(bench.scheduler.statistics().failures == [2, 0, 0, 0])
        #expect(bench.holder.ended == 2)
    }

    @Test func `a deadline that passes in the queue is refused without a run`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let first = bench.pooledSink()
        let second = bench.pooledSink()
        bench.submit(bench.request(), to: first)
        await bench.session.gate.arrived(1)
        let deadline = bench.time.now.advanced(byNanoseconds: 100)
        bench.submit(bench.request(id: "late", deadline: deadline), to: second)
        bench.time.advance(byNanoseconds: 100)
        bench.session.gate.open()
        #expect(await first.outcome().error == nil)
        let error = await second.outcome().error
        #expect(error?.code == .unavailable)
        #expect(error?.message == "[request id: late] Request timeout expired")
        #expect(bench.session.runs.count == 1)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failures == [1, 0, 0, 0])
        #expect(statistics.fail.count == 1)
        #expect(statistics.fail.nanoseconds == 100)
        #expect(bench.holder.ended == 2)
    }

    @Test func `a request with time left runs`() async throws {
        let bench = try Bench()
        let sink = bench.pooledSink()
        bench.submit(bench.request(deadline: bench.time.now.advanced(byNanoseconds: 1)), to: sink)
        #expect(await sink.outcome().error == nil)
    }

    @Test func `a request cancelled in the queue never runs`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let sinks = (0..<3).map { _ in bench.pooledSink() }
        bench.submit(bench.request(), to: sinks[0])
        await bench.session.gate.arrived(1)
        let handle = bench.submit(bench.request(id: "gone"), to: sinks[1])
        bench.submit(bench.request(), to: sinks[2])
        handle.cancel()
        handle.cancel()
        bench.time.advance(byNanoseconds: 50)
        bench.session.gate.open()
        let error = await sinks[1].outcome().error
        #expect(error?.code == .cancelled)
        #expect(error?.message == "[request id: gone] the request was cancelled before it ran")
        for sink in [sinks[0], sinks[2]] { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.count == 2)
        #expect(bench.session.terminations.isEmpty)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failures == [0, 1, 0, 0])
        #expect(statistics.fail.nanoseconds == 50)
        #expect(bench.holder.ended == 3)
    }

    @Test func `a request cancelled while it runs is terminated`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let sink = bench.pooledSink()
        let handle = bench.submit(bench.request(id: "r"), to: sink)
        await bench.session.gate.arrived(1)
        handle.cancel()
        let error = await sink.outcome().error
        #expect(error?.code == .cancelled)
        #expect(error?.message == "[request id: r] the fake run was terminated")
        #expect(bench.session.terminations == [0])
        #expect(bench.scheduler.statistics().failures == [0, 1, 0, 0])
        #expect(bench.holder.ended == 1)
    }

    @Test func `a cancellation after the end doesn't hit the next request`() async throws {
        let bench = try Bench(threads: 1)
        let first = bench.pooledSink()
        let handle = bench.submit(bench.request(), to: first)
        _ = await first.outcome()
        bench.session.gate.close()
        let second = bench.pooledSink()
        bench.submit(bench.request(), to: second)
        await bench.session.gate.arrived(2)
        handle.cancel()
        #expect(bench.session.terminations.isEmpty)
        bench.session.gate.open()
        #expect(await second.outcome().error == nil)
    }

    @Test func `cancelling what was answered inline does nothing`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        let sink = RecordingSink()
        bench.submit(bench.request(), to: sink).cancel()
        #expect(sink.outcomeSoFar?.error == nil)
        #expect(bench.session.terminations.isEmpty)
    }

    @Test func `a lease lives as long as the answer`() async throws {
        let bench = try Bench()
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false), holdsAnswers: true)
        bench.submit(bench.request(), to: sink)
        _ = await sink.outcome()
        #expect(bench.holder.ended == 0)
        sink.releaseAnswers()
        #expect(bench.holder.ended == 1)
    }

    @Test func `the byte charge ends with the answer`() async throws {
        let bench = try Bench()
        let budget = ByteBudget(limit: 100)
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false), holdsAnswers: true)
        var request = bench.request()
        request.charge = ByteCharge(60, from: budget)
        bench.submit(request, to: sink)
        _ = await sink.outcome()
        #expect(budget.inUse == 60)
        sink.releaseAnswers()
        #expect(budget.inUse == 0)
    }

    @Test func `a lease ends exactly once, however the request ends`() async throws {
        let bench = try Bench(threads: 1)
        let unfit = [NamedTensor(name: "q", tensor: Tensor(floats: [1]))]
        func end(_ request: consuming InferenceRequest, isOnLane: Bool) async {
            let sink = RecordingSink(lane: ImmediateLane(isCurrent: isOnLane))
            bench.submit(request, to: sink)
            _ = await sink.outcome()
            #expect(sink.faults.isEmpty)
            #expect(bench.holder.ended == bench.holder.opened)
        }
        for isOnLane in [false, true, true, true, true, true] {
            await end(bench.request(), isOnLane: isOnLane)
            await end(bench.request(unfit), isOnLane: isOnLane)
            await end(bench.request(outputs: ["q"]), isOnLane: isOnLane)
            await end(bench.request(deadline: MonotonicTime(nanoseconds: 0)), isOnLane: isOnLane)
            bench.session.failNextRun(with: EngineError(.runFailed, "it broke"))
            await end(bench.request(), isOnLane: isOnLane)
        }
        #expect(bench.scheduler.statistics().inlineExecutionCount > 0)
        #expect(bench.holder.opened == 30)
    }
}
