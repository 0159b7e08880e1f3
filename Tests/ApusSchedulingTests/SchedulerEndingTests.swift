import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
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

    private func refuseEarly(_ bench: Bench, in nanoseconds: Int64) -> InferenceError? {
        let deadline = Deadline(time: bench.time.now.advanced(byNanoseconds: nanoseconds))
        return bench.scheduler.refuseEarly(deadline, of: .anonymous, received: bench.time.now) { "early" }
    }

    @Test func `one that comes too late is refused before it is decoded`() throws {
        let bench = try Bench()
        let refusal = refuseEarly(bench, in: 0)
        #expect(refusal?.code == .unavailable)
        #expect(refusal?.message == "[request id: early] Request timeout expired")
        #expect(bench.scheduler.statistics().failures == [1, 0, 0, 0])
    }

    @Test func `one that can't be in time refuses others like it for a moment, before they are decoded`() throws {
        let bench = try Bench(threads: 1)
        #expect(refuseEarly(bench, in: 1_000) == nil)
        let traits = AdmissionTraits(level: 0, rows: 1, bucket: 0, isAlone: false, caller: "", delivery: 5_120_000)
        let error = bench.scheduler.shed(traits, needing: 5_120_000, of: 3_000_000, now: bench.time.now)
        let words =
            "Request timeout expired: its answer would take about 5.12 ms, and of the 3.0 ms that are left "
            + "3.0 ms can be counted on"
        #expect(error.message == words)
        let message =
            "[request id: early] Request timeout expired: requests like it can't be answered in time now"
        #expect(refuseEarly(bench, in: 1_000)?.message == message)
        // Of 8 ms that are left 5 can be counted on, of 12 ms 7.
        #expect(refuseEarly(bench, in: 8_000_000)?.message == message)
        #expect(refuseEarly(bench, in: 12_000_000) == nil)
        let deadline = Deadline(time: bench.time.now.advanced(byNanoseconds: 1_000))
        let other = Caller(key: "other")
        #expect(bench.scheduler.refuseEarly(deadline, of: other, received: bench.time.now) { "" } == nil)
        #expect(bench.scheduler.refuseEarly(.none, of: .anonymous, received: bench.time.now) { "" } == nil)
        #expect(bench.scheduler.statistics().failures == [2, 0, 0, 0])
        bench.time.advance(byNanoseconds: 1_000_000)
        #expect(refuseEarly(bench, in: 1_000) == nil)
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

    @Test func `a request called back in the queue is answered at once and never runs`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let sinks = (0..<4).map { _ in bench.pooledSink() }
        bench.submit(bench.request(), to: sinks[0])
        await bench.session.gate.arrived(1)
        let cancelled = bench.submit(bench.request(id: "gone"), to: sinks[1])
        let expired = bench.submit(bench.request(id: "late"), to: sinks[2])
        bench.submit(bench.request(), to: sinks[3])
        bench.time.advance(byNanoseconds: 50)
        cancelled.cancel()
        cancelled.expire()
        expired.expire()
        expired.cancel()
        // The only instance is still busy.
        let first = try #require(sinks[1].outcomeSoFar?.error)
        #expect(first.code == .cancelled)
        #expect(first.message == "[request id: gone] the request was cancelled: nobody waits for its answer")
        let second = try #require(sinks[2].outcomeSoFar?.error)
        #expect(second.code == .unavailable)
        #expect(second.message == "[request id: late] Request timeout expired")
        #expect(bench.holder.ended == 2)
        #expect(bench.scheduler.statistics().pending == 1)
        #expect(bench.scheduler.statistics().fail.nanoseconds == 100)
        bench.session.gate.open()
        for sink in [sinks[0], sinks[3]] { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.count == 2)
        #expect(bench.session.terminations.isEmpty)
        #expect(bench.scheduler.statistics().failures == [1, 1, 0, 0])
        #expect(bench.holder.ended == 4)
    }

    @Test func `a request called back in the queue is answered on its lane`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        bench.submit(bench.request(), to: bench.pooledSink())
        await bench.session.gate.arrived(1)
        let lane = RecordingLane()
        let sinks = [RecordingSink(lane: lane), RecordingSink(lane: lane)]
        let handles = sinks.map { bench.submit(bench.request(), to: $0) }
        handles[0].cancel()
        #expect(!sinks[0].hasEnded)
        lane.carryOut()
        lane.run { handles[1].expire() }
        for sink in sinks {
            #expect(sink.hasEnded)
            #expect(sink.faults.isEmpty)
        }
        bench.session.gate.open()
    }

    @Test func `a request called back on its way to an instance never runs`() async throws {
        // The second one has an instance and waits for the only thread.
        let bench = try Bench(threads: 1, configuration: .init(instances: 2))
        bench.session.gate.close()
        let sinks = [bench.pooledSink(), bench.pooledSink(), bench.pooledSink()]
        bench.submit(bench.request(), to: sinks[0])
        await bench.session.gate.arrived(1)
        let handle = bench.submit(bench.request(id: "gone"), to: sinks[1])
        bench.submit(bench.request(), to: sinks[2])
        handle.cancel()
        handle.expire()
        bench.session.gate.open()
        #expect(
            await sinks[1].outcome().error?.message
                == "[request id: gone] the request was cancelled: nobody waits for its answer"
        )
        #expect(await sinks[2].outcome().error == nil)
        #expect(bench.session.runs.count == 2)
        #expect(bench.session.terminations.isEmpty)
        #expect(bench.holder.ended == 3)
    }

    @Test func `a request called back while it runs is terminated`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let cancelled = bench.pooledSink()
        let handle = bench.submit(bench.request(id: "r"), to: cancelled)
        await bench.session.gate.arrived(1)
        handle.cancel()
        let first = await cancelled.outcome().error
        #expect(first?.code == .cancelled)
        #expect(first?.message == "[request id: r] the request was cancelled: nobody waits for its answer")
        let expired = bench.pooledSink()
        let other = bench.submit(bench.request(), to: expired)
        await bench.session.gate.arrived(2)
        other.expire()
        other.cancel()
        let second = await expired.outcome().error
        #expect(second?.code == .unavailable)
        #expect(second?.message == "[request id: <id_unknown>] Request timeout expired")
        #expect(bench.session.terminations == [0, 0])
        #expect(bench.scheduler.statistics().failures == [1, 1, 0, 0])
        // They were answered at once; what they hold is held until the only thread has come back from the engine.
        bench.session.gate.open()
        let third = bench.pooledSink()
        bench.submit(bench.request(), to: third)
        _ = await third.outcome()
        #expect(bench.holder.ended == 3)
    }

    @Test(arguments: [true, false]) func `a request called back while its inputs are being copied is terminated`(
        _ isCancelled: Bool
    ) async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let first = bench.pooledSink()
        bench.submit(bench.request(), to: first)
        await bench.session.gate.arrived(1)
        let sink = bench.pooledSink()
        let handle = bench.submit(bench.request(), to: sink)
        // The run has begun and hasn't come to where it computes.
        bench.session.inputHook = { isCancelled ? handle.cancel() : handle.expire() }
        bench.session.gate.open()
        #expect(await first.outcome().error == nil)
        #expect(await sink.outcome().error?.code == (isCancelled ? .cancelled : .unavailable))
        bench.session.inputHook = nil
        let next = bench.pooledSink()
        bench.submit(bench.request(), to: next)
        #expect(await next.outcome().error == nil)
    }

    @Test(arguments: [true, false]) func `a call back that comes too late for a run doesn't hit the next one`(
        _ isOnLane: Bool
    ) async throws {
        /// What the run called back while it gives its outputs.
        final class Late: Sendable { let handle = Mutex<CancellationHandle?>(nil) }
        let late = Late()
        // Its caller is answered before the run is back, so the test, and no thread, says when that is.
        let compute: FakeSession.Computation = { run throws(EngineError) in
            late.handle.withLock { $0.take() }?.cancel()
            return try FakeRun.identity(run)
        }
        let bench = try Bench(compute: compute, isStepped: true)
        for _ in 0..<InlinePolicy.neededScore {
            bench.submit(bench.request(), to: bench.pooledSink())
            bench.pool.runNext()
        }
        let sink = bench.pooledSink()
        let handle = bench.submit(bench.request(), to: sink)
        late.handle.withLock { $0 = handle }
        bench.pool.runNext()
        // Whatever the run still gave.
        #expect(await sink.outcome().error?.code == .cancelled)
        #expect(bench.session.terminations == [0])
        let next = RecordingSink(lane: ImmediateLane(isCurrent: isOnLane))
        bench.submit(bench.request(), to: next)
        if !isOnLane { bench.pool.runNext() }
        #expect(await next.outcome().error == nil)
        #expect(bench.scheduler.statistics().inlineExecutionCount == (isOnLane ? 1 : 0))
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
        handle.expire()
        #expect(bench.session.terminations.isEmpty)
        bench.session.gate.open()
        #expect(await second.outcome().error == nil)
    }

    @Test func `cancelling what was answered inline does nothing`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        let sink = RecordingSink()
        let handle = bench.submit(bench.request(), to: sink)
        #expect(handle.isFinished)
        handle.cancel()
        handle.expire()
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
