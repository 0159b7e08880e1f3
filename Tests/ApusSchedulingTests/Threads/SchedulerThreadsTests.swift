import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// A model that is opened once more to see whether one thread does.
struct SchedulerThreadsTests {
    /// A session that runs so long on the manual clock.
    private func session(_ time: ManualTime, runs nanoseconds: Int64) -> FakeSession {
        let session = FakeSession(signature: Model.pair, time: time)
        session.durations = .init(infer: nanoseconds)
        return session
    }

    private func bench(reopen: @escaping @Sendable (ThreadUse) throws(EngineError) -> any EngineSession) throws -> Bench
    {
        var configuration = Scheduler.Configuration(instances: 2)
        configuration.allowsInlineRuns = false
        configuration.reopen = reopen
        return try Bench(threads: 1, configuration: configuration)
    }

    private func ask(_ bench: Bench, times: Int) async {
        for _ in 0..<times {
            let sink = bench.pooledSink()
            bench.submit(bench.request(), to: sink)
            #expect(await sink.outcome().error == nil)
        }
    }

    @Test func `short runs move to a session without threads and stay there`() async throws {
        let asked = Mutex<[ThreadUse]>([])
        let opened = Mutex<FakeSession?>(nil)
        let clock = Mutex<ManualTime?>(nil)
        let bench = try bench { use throws(EngineError) in
            asked.withLock { $0.append(use) }
            guard let time = clock.withLock({ $0 }) else { throw EngineError(.other, "no clock") }
            let session = session(time, runs: 80_000)
            opened.withLock { $0 = session }
            return session
        }
        clock.withLock { $0 = bench.time }
        bench.session.durations = .init(infer: 50_000)
        await ask(bench, times: ThreadChoice.neededRuns + 1)
        // The trial comes after the answer.
        await ask(bench, times: 4)
        #expect(asked.withLock { $0 } == [.caller])
        let before = bench.session.runs.count
        await ask(bench, times: 8)
        #expect(bench.session.runs.count == before)
        let other = try #require(opened.withLock { $0 })
        #expect(other.runs.count >= 8)
        #expect(bench.scheduler.statistics().threadsNote.hasPrefix("one thread a run: one took 80 µs"))
    }

    @Test func `instances that can't be made for the better way leave everything as it was`() async throws {
        let clock = Mutex<ManualTime?>(nil)
        let bench = try bench { _ throws(EngineError) in
            guard let time = clock.withLock({ $0 }) else { throw EngineError(.other, "no clock") }
            let other = session(time, runs: 80_000)
            // The trial's own instance exists by then.
            other.inputHook = { [weak other] in other?.failNextInstance(with: EngineError(.outOfMemory, "no room")) }
            return other
        }
        clock.withLock { $0 = bench.time }
        bench.session.durations = .init(infer: 50_000)
        await ask(bench, times: ThreadChoice.neededRuns + 4)
        let note = bench.scheduler.statistics().threadsNote
        #expect(note == "the engine's shared threads: a trial of the other way failed: no room")
    }

    @Test func `a request that took long is not repeated both ways`() async throws {
        let asked = Mutex(0)
        let bench = try bench { _ throws(EngineError) in
            asked.withLock { $0 += 1 }
            throw EngineError(.other, "no")
        }
        bench.session.durations = .init(infer: 50_000)
        await ask(bench, times: ThreadChoice.neededRuns)
        bench.session.durations = .init(infer: 60_000_000)
        await ask(bench, times: 2)
        #expect(asked.withLock { $0 } == 0)
    }

    @Test func `a trial that fails leaves everything as it was`() async throws {
        let bench = try bench { _ throws(EngineError) in throw EngineError(.unreadable, "the file has changed") }
        bench.session.durations = .init(infer: 50_000)
        await ask(bench, times: ThreadChoice.neededRuns + 4)
        let note = bench.scheduler.statistics().threadsNote
        #expect(note == "the engine's shared threads: a trial of the other way failed: the file has changed")
        #expect(bench.session.runs.count == ThreadChoice.neededRuns + 4)
    }
}
