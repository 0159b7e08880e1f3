internal import ApusCore
internal import HummingbirdCore
package import Logging
package import NIOCore

/// Hummingbird's way to put our own HTTP/1 connection on an accepted channel.
///
/// Hummingbird's own handlers make header objects and hop to the cooperative pool for every request; an inference needs
/// neither (ARCHITECTURE §3.3). What isn't an inference still runs in the connection's task, which this type provides.
package struct HTTP1Channel: ServerChildChannel {
    /// An accepted connection and the asynchronous work that its requests bring.
    package struct Value: ServerChildChannelValue {
        /// The connection.
        package let channel: any Channel
        let work: AsyncStream<@Sendable () async -> Void>
    }

    private let configuration: ListenerConfiguration
    private let loops: [ObjectIdentifier: LoopServices]
    private let applications: [ObjectIdentifier: NIOLoopBoundBox<(any HTTPApplication)?>]
    private let makeApplication: @Sendable (LoopServices) -> any HTTPApplication

    /// Prepares connections for the event loops given.
    package init(
        configuration: ListenerConfiguration,
        loops: [LoopServices],
        makeApplication: @escaping @Sendable (LoopServices) -> any HTTPApplication
    ) {
        self.configuration = configuration
        self.loops = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
        self.applications = Dictionary(
            uniqueKeysWithValues: loops.map { loop in
                (ObjectIdentifier(loop.eventLoop), NIOLoopBoundBox.makeBoxSendingValue(nil, eventLoop: loop.eventLoop))
            }
        )
        self.makeApplication = makeApplication
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let key = ObjectIdentifier(channel.eventLoop)
            guard let loop = loops[key], let box = applications[key] else {
                throw RuntimeFailure(.resource, "a connection came to an event loop that the listener doesn't know")
            }
            let application = box.value ?? makeApplication(loop)
            box.value = application
            let (work, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
            let connection = HTTP1Connection(
                configuration: configuration,
                loop: loop,
                application: application,
                work: continuation
            )
            try channel.pipeline.syncOperations.addHandler(connection)
            return Value(channel: channel, work: work)
        }
    }

    package func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            for await work in value.work {
                await work()
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
