import ApusCore
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
            _ = try EngineThreadPool(threadCount: 4) { name, run in
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
