import ServiceLifecycle
import Synchronization
import Testing

@testable import ApusServer

@Suite(.timeLimit(.minutes(1)))
struct ShutdownTests {
    /// Keeps a task waiting until it is opened; cancellation doesn't move it.
    private final class Latch: Sendable {
        private let state = Mutex<(isOpen: Bool, waiter: CheckedContinuation<Void, Never>?)>((false, nil))

        var isOpen: Bool { state.withLock { $0.isOpen } }

        func open() {
            let waiter = state.withLock { state in
                defer { state = (true, nil) }
                return state.waiter
            }
            waiter?.resume()
        }

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiter = continuation }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }
    }

    /// A service that ends when it should, or only when somebody has given up.
    private struct Work: Service {
        let hasGivenUp: Latch?

        func run() async throws {
            await hasGivenUp?.wait()
            // Not before the group has been told to end, or it takes this for a failure: it hears of both in any order.
            try await gracefulShutdown()
        }
    }

    /// Shuts a server down whose only service is this one.
    private func shutDown(_ work: Work, patience: Duration, giveUp: @escaping @Sendable () -> Void) async throws {
        let repository = Repository()
        // Its folder holds the log.
        defer { withExtendedLifetime(repository) {} }
        let assembly = try ServerAssembly(RunningServer.configuration(repository))
        let shutdown = Shutdown(
            assembly: assembly,
            services: ServiceGroup(services: [work], logger: assembly.logger),
            patience: patience,
            giveUp: giveUp
        )
        try await shutdown.runServices { await shutdown.abandon() }
    }

    @Test func `when everything ends in time nothing is waited for and nothing given up`() async throws {
        let hasGivenUp = Latch()
        try await shutDown(Work(hasGivenUp: nil), patience: .seconds(86_400)) { hasGivenUp.open() }
        #expect(!hasGivenUp.isOpen)
    }

    @Test func `what still runs when patience is over is given up`() async throws {
        let hasGivenUp = Latch()
        try await shutDown(Work(hasGivenUp: hasGivenUp), patience: .zero) { hasGivenUp.open() }
        #expect(hasGivenUp.isOpen)
    }
}
