import ApusTesting
import Dispatch
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

    @Test func `one thread runs jobs in the order in which they came`() {
        let pool = EngineThreadPool(threadCount: 1)
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
        pool.stop()
    }

    @Test func `as many jobs run at once as there are threads`() {
        let pool = EngineThreadPool(threadCount: 3)
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
        pool.stop()
    }

    @Test func `jobs that were there before the stop still run`() {
        let pool = EngineThreadPool(threadCount: 2)
        let log = Log()
        let isHeld = DispatchSemaphore(value: 0)
        let isOver = DispatchSemaphore(value: 0)
        for number in 0..<2 {
            pool.submit(
                Job {
                    isHeld.wait()
                    log.append(number)
                    isOver.signal()
                }
            )
        }
        for number in 2..<20 {
            pool.submit(
                Job {
                    log.append(number)
                    isOver.signal()
                }
            )
        }
        pool.stop()
        for _ in 0..<2 { isHeld.signal() }
        for _ in 0..<20 { isOver.wait() }
        #expect(log.all.sorted() == Array(0..<20))
    }

    @Test func `a pool without a thread makes one`() {
        let pool = EngineThreadPool(threadCount: 0)
        #expect(pool.threadCount == 1)
        let isOver = DispatchSemaphore(value: 0)
        pool.submit(Job { isOver.signal() })
        isOver.wait()
        pool.stop()
    }

    @Test func `a pool that is let go ends its threads`() {
        // No other test makes so many, so the last one's name is theirs alone.
        for _ in 0..<10 {
            let pool = EngineThreadPool(threadCount: 9)
            let isOver = DispatchSemaphore(value: 0)
            pool.submit(Job { isOver.signal() })
            isOver.wait()
        }
        #expect(ProcessThreads.waitUntilNone(named: "apus-engine-8"))
    }
}
