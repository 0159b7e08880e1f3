internal import ApusCore
internal import ServiceLifecycle

/// Gives memory back when the server has had nothing to do for a while after it had something to do, and what models
/// left behind.
struct IdleHousekeeping: Service {
    let models: ServedModels
    let memory: UnloadedMemory
    let time: any TimeSource

    func run() async throws {
        var rule = IdleRule()
        // A cancelled task's sleep ends at once, for example when a port was busy.
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await cancelWhenGracefulShutdown {
                try? await Task.sleep(for: .seconds(5))
            }
            memory.look()
            if rule.shouldRelease(inferences: models.inferences, now: time.now) { await ResidentMemory.release() }
        }
    }
}

/// When memory is given back: once after each stretch of work, when two looks in a row found nothing new.
struct IdleRule {
    /// What was given back is soon taken again, at the cost of page faults; a client that asks every quarter of a minute
    /// must not have the server do both each time.
    static let minInterval: Int64 = 60_000_000_000

    private var lastCount: UInt64 = 0
    private var quietLooks = 0
    private var hasWorked = true
    private var lastRelease: MonotonicTime?

    /// Takes the number of inferences so far: nothing else leaves much behind, and scrapes and health checks never end.
    mutating func shouldRelease(inferences: UInt64, now: MonotonicTime) -> Bool {
        guard inferences == lastCount else {
            lastCount = inferences
            quietLooks = 0
            hasWorked = true
            return false
        }
        quietLooks += 1
        guard hasWorked, quietLooks >= 2 else { return false }
        if let lastRelease, now < lastRelease.advanced(byNanoseconds: IdleRule.minInterval) { return false }
        hasWorked = false
        lastRelease = now
        return true
    }
}
