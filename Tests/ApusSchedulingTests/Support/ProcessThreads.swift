import Foundation

/// The threads of this process, as the system counts them.
enum ProcessThreads {
    struct Stuck: Error {
        let count: Int
    }

    /// How many there are now.
    static var count: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
    }

    /// Waits until there are no more than so many; other tests have theirs, so leave room.
    static func wait(untilAtMost limit: Int) throws {
        let end = Date(timeIntervalSinceNow: 10)
        while count > limit {
            guard Date() < end else { throw Stuck(count: count) }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }
}
