package import ApusStorage
internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The connections to servers that objects come from: one event loop, one pool, some threads for parallel ranges.
///
/// One for a process is enough; stores share it. Calls block and must not come from an event loop.
package final class HTTPConnections: Sendable {
    /// How the connections behave.
    package struct Configuration: Sendable {
        /// How long connecting may take, in nanoseconds, TLS included.
        package var connectTime: Int64 = 10_000_000_000
        /// How long a server may send nothing in the middle of an answer, in nanoseconds.
        package var silence: Int64 = 30_000_000_000
        /// How long an unused connection is kept, in nanoseconds; less than the 20 s after which many servers close it.
        package var idleTime: Int64 = 15_000_000_000
        /// The most connections to one server.
        package var connectionsPerServer = 16
        /// Called on each of the threads, more than once perhaps, before it works: to lower its priority, for example.
        package var prepareThread: @Sendable () -> Void = {}

        /// Takes the defaults.
        package init() {}
    }

    private let group: MultiThreadedEventLoopGroup
    private let client: HTTPClient
    /// Threads on which further ranges of an object are waited for.
    let threads: HelperThreads

    /// Starts the event loop; nothing is connected yet.
    package init(_ configuration: Configuration = Configuration()) {
        var http = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(configuration.connectTime),
                read: .nanoseconds(configuration.silence)
            ),
            connectionPool: .init(
                idleTimeout: .nanoseconds(configuration.idleTime),
                concurrentHTTP1ConnectionsPerHostSoftLimit: configuration.connectionsPerServer
            ),
            decompression: .disabled
        )
        http.httpVersion = .http1Only
        // Trying again is the business of RetryPlan, which knows the deadline.
        http.connectionPool.retryConnectionEstablishment = false
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: http)
        threads = HelperThreads(count: 6, prepare: configuration.prepareThread)
        group.next().execute(configuration.prepareThread)
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameters:
    ///   - call: The request.
    ///   - byteLimit: The most bytes of a body that is collected; `tooLarge` beyond.
    ///   - sink: Takes the body instead, if it wants it.
    /// - Returns: The answer, whatever its status.
    /// - Throws: What the sink threw, or `unreachable`.
    package func send(
        _ call: HTTPCall,
        byteLimit: Int,
        sink: (any BodySink)? = nil
    ) throws(StorageError) -> HTTPAnswer {
        do {
            var fields = HTTPHeaders(call.fields.map { ($0.name, $0.value) })
            fields.replaceOrAdd(name: "user-agent", value: "apus")
            let request = try HTTPClient.Request(
                url: "\(call.origin)\(call.target)",
                method: HTTPMethod(rawValue: call.method),
                headers: fields,
                body: call.body.map { .byteBuffer($0) }
            )
            let delegate = AnswerDelegate(byteLimit: byteLimit, sink: sink)
            let deadline = NIODeadline.now() + .nanoseconds(max(1, call.time))
            return try client.execute(request: request, delegate: delegate, deadline: deadline).wait()
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(unreachable: call.origin, cause: error)
        }
    }

    /// Closes all connections and ends the threads; what is under way fails.
    package func close() {
        try? client.syncShutdown()
        threads.end()
        try? group.syncShutdownGracefully()
    }
}
