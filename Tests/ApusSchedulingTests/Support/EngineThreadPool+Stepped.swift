import ApusTesting

@testable import ApusScheduling

extension EngineThreadPool {
    /// A pool without threads: jobs run when a test calls `runNext()`, alarms ring when it calls `wakeUps.ring()`.
    static func stepped(time: ManualTime) throws -> EngineThreadPool {
        try EngineThreadPool(threadCount: 1, wakingBy: time) { _, _ in 0 }
    }
}
