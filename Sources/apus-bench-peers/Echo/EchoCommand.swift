internal import ArgumentParser
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Runs a bare SwiftNIO HTTP/1 server until a signal ends the process.
struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Answer every HTTP/1 request with its own body, through SwiftNIO and nothing else."
    )

    @Option(help: "Port on 127.0.0.1; 0 for any free one.")
    var port = 0

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let server = try await Self.bootstrap(group).bind(host: "127.0.0.1", port: port).get()
        print("listening on 127.0.0.1:\(server.localAddress?.port ?? port)")
        // A pipe gets its lines late otherwise.
        fflush(nil)
        try await server.closeFuture.get()
    }

    /// The options are those of SwiftNIO's own example server.
    private static func bootstrap(_ group: any EventLoopGroup) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
    }
}
