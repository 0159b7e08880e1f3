internal import ApusCore
internal import ApusEngine
internal import NIOPosix

/// Runs one session on several threads for a while.
struct RawLoop {
    private let session: any EngineSession
    private let inputs: [Tensor?]

    /// Prepares the inputs, which all runs share.
    ///
    /// - Parameters:
    ///   - session: The loaded model.
    ///   - batch: What stands for a dynamic first dimension; other dynamic dimensions are 1.
    /// - Throws: When there is no memory for them.
    init(session: any EngineSession, batch: Int) throws {
        self.session = session
        self.inputs = try session.signature.inputs.map { try SampleInput.make($0, batch: batch) }
    }

    /// Runs, with an instance for each thread, until the time is over.
    func run(threads: Int, seconds: Double) async throws -> RawResult {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        let started = SystemTime().now
        let end = started.advanced(byNanoseconds: Int64(seconds * 1e9))
        let durations = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<threads {
                let instance = try session.makeInstance()
                group.addTask { try await pool.runIfActive { try run(instance, until: end) } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let elapsed = SystemTime().now.nanoseconds(since: started)
        try await pool.shutdownGracefully()
        return RawResult(threads: threads, nanoseconds: elapsed, durations: durations)
    }

    /// Runs one instance until the time is over and gives the nanoseconds of each run.
    private func run(_ instance: any ModelInstance, until end: MonotonicTime) throws -> [UInt64] {
        let outputs = Array(session.signature.outputs.indices)
        var durations: [UInt64] = []
        var last = SystemTime().now
        while last < end {
            var timings = RequestTimings(received: last)
            _ = try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
            let now = SystemTime().now
            durations.append(now.nanoseconds(since: last))
            last = now
        }
        return durations
    }
}
