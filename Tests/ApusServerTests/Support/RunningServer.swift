import ApusClient
import NIOHTTP1
import ServiceLifecycleTestKit
import Synchronization
import Testing

@testable import ApusServer

/// A server in this process, and a client for its two ports.
struct RunningServer: Sendable {
    let assembly: ServerAssembly
    let addresses: ServerAssembly.Addresses
    private let trigger: GracefulShutdownTestTrigger

    /// A configuration for tests: any free ports, no engine but the built-in one, the log in a file.
    static func configuration(_ repository: Repository) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.models = repository.path
        configuration.enginePath = "/nonexistent"
        configuration.httpPort = 0
        configuration.grpcPort = 0
        configuration.metricsPort = 0
        configuration.cpuBudget = 2
        configuration.logFile = repository.folder.place(".log")
        return configuration
    }

    /// Runs a server while a body uses it, then shuts it down gracefully and waits for its end.
    static func with(
        _ configuration: ServerConfiguration,
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let assembly = try ServerAssembly(configuration)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let (ready, continuation) = AsyncStream.makeStream(of: ServerAssembly.Addresses.self)
                tasks.addTask {
                    defer { continuation.finish() }
                    try await assembly.run { continuation.yield($0) }
                }
                guard let addresses = await ready.first(where: { _ in true }) else {
                    try await tasks.next()
                    throw Ended()
                }
                try await body(RunningServer(assembly: assembly, addresses: addresses, trigger: trigger))
                trigger.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }

    /// The server came to its end before it was ready.
    struct Ended: Error {}

    /// Begins the graceful shutdown.
    func shutDown() {
        trigger.triggerGracefulShutdown()
    }

    func get(_ path: String) async throws -> HTTPAnswer {
        try await request(addresses.httpPort ?? 0, .GET, path)
    }

    func post(_ path: String, _ body: String = "") async throws -> HTTPAnswer {
        try await request(addresses.httpPort ?? 0, .POST, path, body)
    }

    func getFromMetricsPort(_ path: String) async throws -> HTTPAnswer {
        try await request(addresses.metricsPort, .GET, path)
    }

    /// Asks a model of one FP32 tensor.
    func infer(_ model: String) async throws -> HTTPAnswer {
        try await post(
            "/v2/models/\(model)/infer",
            #"{"id":"1","inputs":[{"name":"IN","shape":[2],"datatype":"FP32","data":[1,2.5]}]}"#
        )
    }

    private func request(
        _ port: Int,
        _ method: HTTPMethod,
        _ path: String,
        _ body: String = ""
    ) async throws -> HTTPAnswer {
        let connection = HTTPConnection(to: try ServerURL(parsing: "127.0.0.1:\(port)"))
        return try await connection.request(method, path, body: Array(body.utf8))
    }
}

extension HTTPAnswer {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}
