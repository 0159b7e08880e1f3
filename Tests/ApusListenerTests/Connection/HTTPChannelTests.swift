import ApusCore
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// A connection and the task that does its work.
struct HTTPChannelTests {
    @Test func `the end of a connection's task closes the connection`() async throws {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        let setup = HTTPChannel(
            configuration: ListenerConfiguration(
                limits: InputLimits(),
                timeouts: ConnectionTimeouts(),
                budget: ByteBudget(limit: 1 << 20),
                maxConnections: 10
            ),
            loops: [LoopServices(eventLoop: channel.testingEventLoop, time: ManualTime())]
        ) { _ in LoopApplications(http: FakeApplication()) }
        let logger = Logger(label: "test")
        let value = try await channel.testingEventLoop.submit { setup.setup(channel: channel, logger: logger) }
            .flatMap(\.self).get()
        let task = Task { await setup.handle(value: value, logger: logger) }
        await channel.testingEventLoop.run()
        #expect(channel.isActive)
        task.cancel()
        for _ in 0..<10_000 where channel.isActive {
            await Task.yield()
            await channel.testingEventLoop.run()
        }
        #expect(!channel.isActive)
        _ = try? await channel.finish(acceptAlreadyClosed: true)
        await task.value
    }
}
