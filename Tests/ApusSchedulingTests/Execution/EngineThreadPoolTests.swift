import ApusCore
import ApusEngine
import ApusTesting
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import ApusScheduling

struct EngineThreadPoolTests {
    /// A job that is a closure.
    private final class Job: EngineJob {
        private let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }

        func run() { body() }
    }

    /// A list that threads append to.
    private final class Log: Sendable {
        private let numbers = Mutex<[Int]>([])

        var all: [Int] { numbers.withLock { $0 } }

        func append(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    @Test func `one thread runs jobs in the order in which they came`() throws {
        let pool = try EngineThreadPool(threadCount: 1)
        let log = Log()
        let isOver = DispatchSemaphore(value: 0)
        for number in 0..<1000 {
            pool.submit(
                Job {
                    log.append(number)
                    if number == 999 { isOver.signal() }
                }
            )
        }
        isOver.wait()
        #expect(log.all == Array(0..<1000))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [1, 4])
    func `a job put in by one that is about to end is never left lying`(
        threads: Int
    ) throws {
        /// Puts in the next one, until none is left.
        final class Chain: EngineJob {
            private let pool: EngineThreadPool
            private let left = Atomic(1000)
            let isOver = DispatchSemaphore(value: 0)

            init(_ pool: EngineThreadPool) { self.pool = pool }

            func run() {
                if left.subtract(1, ordering: .relaxed).newValue > 0 {
                    pool.submitFollowUp(self)
                } else {
                    isOver.signal()
                }
            }
        }
        let pool = try EngineThreadPool(threadCount: threads)
        // Several at once, so that threads take up each other's jobs.
        let chains = (0..<3).map { _ in Chain(pool) }
        for chain in chains { pool.submit(chain) }
        for chain in chains { chain.isOver.wait() }
        // And whoever is woken afterwards finds its job.
        let isOver = DispatchSemaphore(value: 0)
        for _ in 0..<10 { pool.submit(Job { isOver.signal() }) }
        for _ in 0..<10 { isOver.wait() }
    }

    @Test func `a model with many instances doesn't keep another from the threads`() async throws {
        let pool = try EngineThreadPool(threadCount: 1)
        let time = ManualTime()
        let sessions = (0..<2).map { _ in FakeSession(signature: Model.pair) }
        let order = Log()
        let schedulers = try sessions.enumerated().map { index, session in
            session.inputHook = { order.append(index) }
            return try Scheduler(
                description: Model.description(Model.pair),
                session: session,
                pool: pool,
                time: time,
                configuration: .init(instances: index == 0 ? 16 : 1)
            )
        }
        let holder = RecordingLeaseHolder()
        func submit(to index: Int) -> RecordingSink {
            let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
            let request = InferenceRequest(
                inputs: [NamedTensor(name: "a", tensor: Tensor(floats: [1]))],
                timings: RequestTimings(received: time.now),
                lease: holder.lease(schedulers[index])
            )
            _ = schedulers[index].submit(request, to: sink)
            return sink
        }
        sessions[0].gate.close()
        var sinks = (0..<200).map { _ in submit(to: 0) }
        await sessions[0].gate.arrived(1)
        sinks += (0..<20).map { _ in submit(to: 1) }
        sessions[0].gate.open()
        for sink in sinks { _ = await sink.outcome() }
        // The last of the second model's twenty ran after no more than as many of the first's, and those on their way.
        let last = try #require(order.all.lastIndex(of: 1))
        #expect(last < 45, "\(last)")
    }

    @Test func `as many jobs run at once as there are threads`() throws {
        let pool = try EngineThreadPool(threadCount: 3)
        let started = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        let hasEnded = DispatchSemaphore(value: 0)
        for _ in 0..<4 {
            pool.submit(
                Job {
                    started.signal()
                    mayEnd.wait()
                    hasEnded.signal()
                }
            )
        }
        for _ in 0..<3 { started.wait() }
        #expect(started.wait(timeout: .now()) == .timedOut)
        mayEnd.signal()
        started.wait()
        for _ in 0..<3 { mayEnd.signal() }
        for _ in 0..<4 { hasEnded.wait() }
    }

    @Test(arguments: [true, false])
    func `a thread for alarms is started where one is asked for`(isAsked: Bool) throws {
        let names = Mutex<[String]>([])
        _ = try EngineThreadPool(threadCount: 2, wakingBy: isAsked ? ManualTime() : nil) { name, _ in
            names.withLock { $0.append(name) }
            return 0
        }
        let threads = ["apus-engine-0", "apus-engine-1"]
        #expect(names.withLock { $0 } == (isAsked ? ["apus-alarms"] : []) + threads)
    }

    @Test func `a pool without a thread makes one`() throws {
        let pool = try EngineThreadPool(threadCount: 0)
        #expect(pool.threadCount == 1)
        let isOver = DispatchSemaphore(value: 0)
        pool.submit(Job { isOver.signal() })
        isOver.wait()
    }

    @Test func `a pool that is let go ends its threads`() throws {
        // No other test makes so many, so the last one's name is theirs alone.
        for _ in 0..<10 {
            let pool = try EngineThreadPool(threadCount: 9)
            let isOver = DispatchSemaphore(value: 0)
            pool.submit(Job { isOver.signal() })
            isOver.wait()
        }
        #expect(ProcessThreads.waitUntilNone(named: "apus-engine-8"))
    }

    @Test func `a system that gives too few threads is an error that says so`() {
        let started = Mutex(0)
        let failure = #expect(throws: RuntimeFailure.self) {
            _ = try EngineThreadPool(threadCount: 4, wakingBy: nil) { name, run in
                guard name != "apus-engine-2" else { return EAGAIN }
                started.withLock { $0 += 1 }
                return EngineThread.start(name: "apus-few", run)
            }
        }
        #expect(failure?.code == .resource)
        #expect(failure?.message.hasPrefix("the system gives only 2 of 4 threads for running models: ") == true)
        #expect(started.withLock { $0 } == 2)
        // Those that were there don't wait for ever.
        #expect(ProcessThreads.waitUntilNone(named: "apus-few"))
    }
}
