import Foundation

/// The threads of this process, as the system counts them.
enum ProcessThreads {
    /// How many threads have this name now.
    static func count(named name: String) -> Int {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.count { task in
            let bytes = FileManager.default.contents(atPath: "/proc/self/task/\(task)/comm") ?? Data()
            return String(decoding: bytes, as: UTF8.self) == "\(name)\n"
        }
    }

    /// Waits until no thread has this name.
    ///
    /// - Returns: Whether that came about in ten seconds.
    static func waitUntilNone(named name: String) -> Bool {
        let end = Date(timeIntervalSinceNow: 10)
        while count(named: name) > 0 {
            guard Date() < end else { return false }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return true
    }
}
