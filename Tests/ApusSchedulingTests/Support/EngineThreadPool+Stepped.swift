import ApusTesting

@testable import ApusScheduling

extension EngineThreadPool {
    /// A pool without threads: jobs run when a test calls `runNext()`, alarms ring when it calls `wakeUps.ring()`.
    static func stepped(time: ManualTime) throws -> EngineThreadPool {
        try EngineThreadPool(
            threadCount: 1,
            time: time,
            wakeUps: WakeUps(time: time) { _, _ in 0 },
            startThread: { _, _ in 0 }
        )
    }
}
