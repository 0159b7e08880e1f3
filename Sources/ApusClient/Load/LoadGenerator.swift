internal import ApusCore
internal import NIOCore
internal import NIOPosix

/// Loads a running server with one request over and over, and measures.
package struct LoadGenerator: Sendable {
    private let plan: LoadPlan
    private let request: LoadRequest

    /// Prepares a run.
    package init(_ plan: LoadPlan, request: LoadRequest) throws(ClientError) {
        try plan.validate()
        self.plan = plan
        self.request = request
    }

    /// Runs to the end of the plan and answers what was seen.
    ///
    /// One event-loop thread for every two cores: the server mostly shares them, and a thread does more than 50,000
    /// requests a second.
    package func run() async throws(ClientError) -> LoadOutcome {
        let threads = LoadGenerator.threads(for: plan)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        do {
            let outcomes = try await EventLoopFuture.whenAllSucceed(shares(of: group, threads), on: group.next()).get()
            try await group.shutdownGracefully()
            return outcomes.reduce(into: LoadOutcome()) { $0.add($1) }
        } catch {
            throw ClientError(.unreachable, "the load test ended early: \(error)", cause: error)
        }
    }

    /// How many event loops carry out a plan on this machine.
    static func threads(for plan: LoadPlan) -> Int {
        min(plan.connections, max(1, System.coreCount / 2))
    }

    private func shares(of group: MultiThreadedEventLoopGroup, _ threads: Int) -> [EventLoopFuture<LoadOutcome>] {
        let start = SystemTime().now
        let interval = plan.lookInterval(loops: threads)
        let bytes = request.encoded(for: plan.url, timeout: plan.timeout)
        return (0..<threads).map { index in
            let connections = plan.connections / threads + (index < plan.connections % threads ? 1 : 0)
            let schedule = LoadSchedule(
                pace: plan.pace,
                start: start,
                warmup: plan.warmup,
                duration: plan.duration,
                timeout: plan.timeout,
                share: (index, threads)
            )
            let loop = group.next()
            return loop.flatSubmit { [plan] in
                LoadLoop(
                    on: loop,
                    plan: plan,
                    schedule: schedule,
                    request: ByteBuffer(bytes: bytes),
                    lookInterval: interval
                )
                .run(connections: connections)
            }
        }
    }
}
