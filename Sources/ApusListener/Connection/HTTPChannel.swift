internal import ApusCore
internal import HummingbirdCore
package import Logging
package import NIOCore

/// What answers requests on one event loop.
package struct LoopApplications {
    /// Requests over HTTP, of any version.
    package let http: any HTTPApplication
    /// gRPC calls; `nil` on a port that serves none.
    package let grpc: (any GRPCApplication)?

    /// Puts them together.
    package init(http: any HTTPApplication, grpc: (any GRPCApplication)? = nil) {
        self.http = http
        self.grpc = grpc
    }
}

/// Hummingbird's way to put our own connection on an accepted channel: HTTP/1 or HTTP/2, as its first bytes say.
///
/// Hummingbird's own handlers make header objects and hop to the cooperative pool for every request; an inference needs
/// neither (ARCHITECTURE §3.3). What isn't an inference still runs in the connection's task, which this type provides.
package struct HTTPChannel: ServerChildChannel {
    /// An accepted connection and the asynchronous work that its requests bring.
    package struct Value: ServerChildChannelValue {
        /// The connection.
        package let channel: any Channel
        let work: AsyncStream<@Sendable () async -> Void>
    }

    private let configuration: ListenerConfiguration
    private let loops: [ObjectIdentifier: LoopServices]
    private let applications: [ObjectIdentifier: NIOLoopBoundBox<LoopApplications?>]
    private let makeApplications: @Sendable (LoopServices) -> LoopApplications

    /// Prepares connections for the event loops given.
    package init(
        configuration: ListenerConfiguration,
        loops: [LoopServices],
        makeApplications: @escaping @Sendable (LoopServices) -> LoopApplications
    ) {
        self.configuration = configuration
        self.loops = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
        self.applications = Dictionary(
            uniqueKeysWithValues: loops.map { loop in
                (ObjectIdentifier(loop.eventLoop), NIOLoopBoundBox.makeBoxSendingValue(nil, eventLoop: loop.eventLoop))
            }
        )
        self.makeApplications = makeApplications
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let key = ObjectIdentifier(channel.eventLoop)
            guard let loop = loops[key], let box = applications[key] else {
                throw RuntimeFailure(.resource, "a connection came to an event loop that the listener doesn't know")
            }
            let applications = box.value ?? makeApplications(loop)
            box.value = applications
            let (work, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
            // With TLS, ALPN says what a client speaks: its handler would choose in the detector's place.
            let choice = ProtocolChoice(
                configuration: configuration,
                loop: loop,
                applications: applications,
                work: continuation
            )
            try channel.pipeline.syncOperations.addHandler(ProtocolDetector(choice: choice))
            return Value(channel: channel, work: work)
        }
    }

    package func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            // On HTTP/2 much may be done at once; on HTTP/1 there is one request at a time anyway.
            await withDiscardingTaskGroup { group in
                for await work in value.work {
                    group.addTask { await work() }
                }
            }
            // The server's drain is over when every connection's is.
            try? await value.channel.closeFuture.get()
        } onCancel: {
            // Nobody does its work any more, and the wait for its close doesn't end by itself: a server that could not
            // start would hang on it.
            value.channel.close(promise: nil)
        }
    }
}

/// Puts the handlers of a version of HTTP on a connection; whoever finds out which one it is asks for it.
struct ProtocolChoice {
    /// The versions that are served.
    enum Version {
        case http1
        case http2
    }

    let configuration: ListenerConfiguration
    let loop: LoopServices
    let applications: LoopApplications
    let work: AsyncStream<@Sendable () async -> Void>.Continuation

    /// Adds a version's handlers behind all that are there.
    func install(_ version: Version, in pipeline: ChannelPipeline.SynchronousOperations) throws {
        switch version {
        case .http1:
            let connection = HTTP1Connection(
                configuration: configuration,
                loop: loop,
                application: applications.http,
                work: work
            )
            try pipeline.addHandler(connection)
        case .http2:
            let connection = HTTP2Connection(
                configuration: configuration,
                loop: loop,
                applications: applications,
                work: work
            )
            try pipeline.addHandler(connection)
        }
    }
}
