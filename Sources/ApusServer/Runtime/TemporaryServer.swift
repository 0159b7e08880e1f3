internal import ApusCore
internal import Logging
internal import Synchronization

/// A server in this process for as long as a piece of work runs: for commands that look at a folder of models.
package enum TemporaryServer {
    /// Serves a repository on a free loopback port.
    ///
    /// - Parameters:
    ///   - models: The repository's folder.
    ///   - body: Told the server's URL when every model has come to live or failed.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or why the server can't run.
    package static func serving<Result: Sendable>(
        models: String,
        _ body: @escaping @Sendable (String) async throws -> Result
    ) async throws -> Result {
        var configuration = try ServerConfiguration.load(arguments: ["--models", models])
        configuration.httpPort = 0
        configuration.grpcPort = nil
        configuration.metricsPort = 0
        configuration.logLevel = max(configuration.logLevel, .critical)
        let assembly = try ServerAssembly(configuration)
        let (ready, continuation) = AsyncStream.makeStream(of: String.self)
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await assembly.run { continuation.yield("http://\($0.host):\($0.httpPort ?? 0)") }
                return nil
            }
            tasks.addTask {
                for await url in ready { return try await body(url) }
                return nil
            }
            while let outcome = try await tasks.next() {
                guard let outcome else { continue }
                tasks.cancelAll()
                return outcome
            }
            throw RuntimeFailure(.repository, "the server ended before it was ready")
        }
    }
}
