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
    /// How long everything may still take after it was answered with 503: a run that heeds its termination ends within
    /// milliseconds, and one that doesn't must not keep an orchestrator waiting.
    var patience = Duration.seconds(2)
    /// Ends the process at once.
    ///
    /// Without the way that `exit` takes: destructors of engine libraries would run while their threads compute. The status
    /// says that work was dropped.
    var giveUp: @Sendable () -> Void = { _exit(EXIT_FAILURE) }

    /// Runs the services until they end, at a signal or by themselves.
    ///
    /// - Throws: What the services throw.
    func run() async throws {
        // Before anything runs: a signal that comes as soon as the server is ready must begin a drain already.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await runServices { await watch(signals) }
    }

    /// Runs the services until they end, and until then what may make them end.
    func runServices(besides watch: @escaping @Sendable () async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await watch() }
            // Wakes the other one, wherever it waits.
            defer { tasks.cancelAll() }
            try await services.run()
        }
    }

    /// Waits for signals; the first begins the drain, the second ends it.
    ///
    /// SIGHUP, which a terminal sends when it is closed, is taken like Ctrl-C: a drain without the delay.
    private func watch(_ signals: UnixSignalsSequence) async {
        await withTaskGroup(of: Void.self) { tasks in
            var count = 0
            for await signal in signals {
                count += 1
                if count == 1 {
                    tasks.addTask { await drain(after: signal != .sigterm ? 0 : assembly.configuration.drainDelay) }
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
        guard await slept(.nanoseconds(delay)) else { return }
        for loop in assembly.loops { loop.drain() }
        await services.triggerGracefulShutdown()
        guard await slept(.nanoseconds(assembly.configuration.gracePeriod)) else { return }
        assembly.logger.warning("The grace period is over")
        await abandon()
    }

    /// Answers what is left with 503 and closes everything; ends the process if something still runs after that.
    ///
    /// When the services end, this task is cancelled, and the server stops in the ordinary way.
    func abandon() async {
        await services.triggerGracefulShutdown()
        for loop in assembly.loops { loop.abandon() }
        guard await slept(patience) else { return }
        assembly.logger.warning("What still runs is given up")
        giveUp()
    }

    /// Sleeps; `false` when it was woken early.
    private func slept(_ duration: Duration) async -> Bool {
        do {
            try await Task.sleep(for: duration)
            return true
        } catch {
            return false
        }
    }
}
