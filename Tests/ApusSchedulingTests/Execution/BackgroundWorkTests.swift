import ApusCore
import Synchronization
import Testing

@testable import ApusScheduling

/// Work of event loops on a pool whose threads a test plays.
struct BackgroundWorkTests {
    private final class Log: Sendable {
        private let entries = Mutex<[Int]>([])

        var numbers: [Int] { entries.withLock { $0 } }

        func note(_ number: Int) { entries.withLock { $0.append(number) } }
    }

    private func makePool(_ threadCount: Int) throws -> EngineThreadPool {
        try EngineThreadPool(threadCount: threadCount, wakingBy: nil) { _, _ in 0 }
    }

    @Test func `work is done in its order`() throws {
        let pool = try makePool(4)
        let queue = BackgroundWork(pool: pool)
        let log = Log()
        for number in 0..<10 { #expect(queue.submit { log.note(number) }) }
        while pool.runNext() {}
        #expect(log.numbers == Array(0..<10))
        #expect(queue.submit { log.note(10) })
        while pool.runNext() {}
        #expect(log.numbers == Array(0...10))
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (8, 4)])
    func `at most half of the threads, and one for an odd one, do it`(threads: Int, most: Int) throws {
        let pool = try makePool(threads)
        let queue = BackgroundWork(pool: pool)
        let depths = Log()
        let running = Mutex(0)
        for _ in 0..<20 {
            _ = queue.submit {
                depths.note(
                    running.withLock { running in
                        running += 1
                        return running
                    }
                )
                // Plays another thread, which has time meanwhile.
                pool.runNext()
                running.withLock { $0 -= 1 }
            }
        }
        while pool.runNext() {}
        #expect(depths.numbers.count == 20)
        #expect(depths.numbers.max() == most)
    }

    @Test func `more than may wait is refused`() throws {
        let pool = try makePool(2)
        let queue = BackgroundWork(pool: pool, mostWaiting: 3)
        let log = Log()
        let taken = (0..<5).map { number in queue.submit { log.note(number) } }
        #expect(taken == [true, true, true, false, false])
        pool.runNext()
        #expect(queue.submit { log.note(9) })
        while pool.runNext() {}
        #expect(log.numbers == [0, 1, 2, 9])
    }
}
