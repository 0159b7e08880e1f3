internal import ApusCore
internal import ApusListener
internal import Glibc
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Ends the server in the order that a drain promises: not ready, serve on, say good-bye, finish, exit.
struct Shutdown: Sendable {
    let assembly: ServerAssembly
    let services: ServiceGroup

    /// Waits for signals; the first begins the drain, the second ends it.
    func watchSignals() async {
        await withTaskGroup(of: Void.self) { tasks in
            var count = 0
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count == 1 {
                    tasks.addTask { await drain(after: signal == .sigint ? 0 : assembly.configuration.drainDelay) }
                } else {
                    assembly.logger.warning("A second signal ends the drain")
                    tasks.cancelAll()
                    await abandon()
                }
            }
        }
    }

    /// Drains: the delay, then good-bye to each connection, then at most the grace period.
    private func drain(after delay: Int64) async {
        assembly.logger.info("Draining", metadata: ["drain_delay_ms": "\(delay / 1_000_000)"])
        assembly.health.beginDrain()
        guard await slept(delay) else { return }
        for loop in assembly.loops { loop.drain() }
        await services.triggerGracefulShutdown()
        guard await slept(assembly.configuration.gracePeriod) else { return }
        assembly.logger.warning("The grace period is over")
        await abandon()
    }

    /// Answers what is left with 503, closes everything and ends the process, whatever still hangs.
    private func abandon() async {
        await services.triggerGracefulShutdown()
        for loop in assembly.loops { loop.abandon() }
        // Not the task's own sleep: this one must not be woken early.
        _ = await Task { try await Task.sleep(for: .seconds(2)) }.result
        assembly.logger.warning("What still runs is given up")
        exit(0)
    }

    /// Sleeps; `false` when it was woken early.
    private func slept(_ nanoseconds: Int64) async -> Bool {
        do {
            try await Task.sleep(nanoseconds: UInt64(max(0, nanoseconds)))
            return true
        } catch {
            return false
        }
    }
}
