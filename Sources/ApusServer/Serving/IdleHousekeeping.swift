internal import ApusCore
internal import ServiceLifecycle

/// Gives memory back when the server has had nothing to do for a while after it had something to do.
struct IdleHousekeeping: Service {
    let observer: AnswerObserver

    func run() async throws {
        var rule = IdleRule()
        // A cancelled task's sleep ends at once, for example when a port was busy.
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await cancelWhenGracefulShutdown {
                try? await Task.sleep(for: .seconds(5))
            }
            if rule.shouldRelease(answers: observer.total) { ResidentMemory.release() }
        }
    }
}

/// When memory is given back: once after each stretch of work, when two looks in a row found nothing new.
struct IdleRule {
    private var lastCount: UInt64 = 0
    private var quietLooks = 0
    private var hasWorked = true

    /// Takes the number of answers so far.
    mutating func shouldRelease(answers: UInt64) -> Bool {
        guard answers == lastCount else {
            lastCount = answers
            quietLooks = 0
            hasWorked = true
            return false
        }
        quietLooks += 1
        guard hasWorked, quietLooks >= 2 else { return false }
        hasWorked = false
        return true
    }
}
