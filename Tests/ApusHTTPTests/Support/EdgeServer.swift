import ApusCore
import ApusListener
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusHTTP

/// The HTTP edge in process: real connections, parser and edge on a testing event loop, with fakes behind them.
final class EdgeServer: Sendable {
    /// What the edge calls.
    struct Parts {
        var models: [FakeModel] = [FakeModel("m")]
        var gate = FakeGate.open
        var health = FakeHealth()
        var limits = InputLimits()
        var compressionFloor = 4096
        var budget = 1 << 30
        var defaultModel = ""
        var work: any WorkQueue = WorkInPlace()
    }

    let service: FakeInferenceService
    let models: [FakeModel]
    let gate: FakeGate
    let observer = RecordingObserver()
    let time = ManualTime()
    let eventLoop: NIOAsyncTestingEventLoop
    let budget: ByteBudget
    let services: LoopServices
    private let http: HTTPChannel
    private let accepted: AsyncStream<HTTPChannel.Value>.Continuation

    private init(_ parts: Parts, accepted: AsyncStream<HTTPChannel.Value>.Continuation) {
        service = FakeInferenceService(parts.models)
        models = parts.models
        gate = parts.gate
        eventLoop = NIOAsyncTestingEventLoop()
        services = LoopServices(eventLoop: eventLoop, time: time)
        budget = ByteBudget(limit: parts.budget)
        self.accepted = accepted
        var configuration = HTTPEdgeConfiguration(
            models: (service, service, service),
            health: parts.health,
            gate: parts.gate,
            observer: observer,
            time: time,
            limits: parts.limits
        )
        configuration.budget = budget
        configuration.work = parts.work
        configuration.defaultModel = ModelName(parts.defaultModel)
        configuration.compressionFloor = parts.compressionFloor
        configuration.renderMetrics = { Array("up 1\n".utf8) }
        let edgeConfiguration = configuration
        let others = OperationRoutes(
            configuration: configuration,
            operations: Operation.allCases,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        http = HTTPChannel(
            configuration: ListenerConfiguration(
                limits: parts.limits,
                timeouts: ConnectionTimeouts(),
                budget: budget,
                maxConnections: 100
            ),
            loops: [services],
            makeApplications: { _ in
                let edge = HTTPEdge(configuration: edgeConfiguration, operations: Operation.allCases, others: others)!
                return LoopApplications(http: edge)
            }
        )
    }

    /// Runs a test against a server of its own.
    static func run(_ parts: Parts = Parts(), _ body: (EdgeServer) async throws -> Void) async throws {
        let (stream, accepted) = AsyncStream.makeStream(of: HTTPChannel.Value.self)
        let server = EdgeServer(parts, accepted: accepted)
        let http = server.http
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    for await value in stream {
                        connections.addTask { await http.handle(value: value, logger: Logger(label: "test")) }
                    }
                    connections.cancelAll()
                }
            }
            defer {
                accepted.finish()
                group.cancelAll()
            }
            try await body(server)
        }
    }

    /// Opens a connection.
    func connect() async throws -> EdgeConnection {
        let channel = NIOAsyncTestingChannel(loop: eventLoop)
        let http = http
        let value = try await eventLoop.executeInContext {
            http.setup(channel: channel, logger: Logger(label: "test"))
        }
        accepted.yield(try await value.get())
        return EdgeConnection(channel: channel)
    }

    /// Asks one question on a connection of its own.
    func ask(_ verb: String, _ path: String, _ fields: [String] = [], body: [UInt8]? = nil) async throws -> EdgeAnswer {
        let connection = try await connect()
        try await connection.send(EdgeConnection.request(verb, path, fields, body: body))
        let answer = try await connection.answer(omitsBody: verb == "HEAD")
        try await connection.close()
        return answer
    }

    /// Asks one question with a JSON body.
    func ask(_ verb: String, _ path: String, _ fields: [String] = [], json: String) async throws -> EdgeAnswer {
        try await ask(verb, path, fields, body: Array(json.utf8))
    }
}

/// An answer, taken apart.
struct EdgeAnswer {
    var status: Int
    var fields: [String: String]
    var bytes: [UInt8]

    var body: String { String(decoding: bytes, as: UTF8.self) }

    subscript(name: String) -> String? { fields[name.lowercased()] }
}

/// The client's end of a connection.
struct EdgeConnection: Sendable {
    let channel: NIOAsyncTestingChannel

    static func request(_ verb: String, _ path: String, _ fields: [String] = [], body: [UInt8]? = nil) -> [UInt8] {
        var lines = ["\(verb) \(path) HTTP/1.1", "Host: a"] + fields
        if let body { lines.append("Content-Length: \(body.count)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
    }

    /// Bytes arrive in one read.
    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// Waits for an answer.
    func answer(omitsBody: Bool = false) async throws -> EdgeAnswer {
        try EdgeConnection.parse(await channel.waitForOutboundWrite(as: ByteBuffer.self), omitsBody: omitsBody)
    }

    /// The answer that is already there; `nil` when there is none.
    func answerNow() async throws -> EdgeAnswer? {
        guard let buffer = try await channel.readOutbound(as: ByteBuffer.self) else { return nil }
        return try EdgeConnection.parse(buffer, omitsBody: false)
    }

    /// The client goes.
    func close() async throws {
        try? await channel.close()
    }

    private static func parse(_ buffer: ByteBuffer, omitsBody: Bool) throws -> EdgeAnswer {
        let bytes = Array(buffer.readableBytesView)
        let mark = Array("\r\n\r\n".utf8)
        let end = try #require(bytes.indices.first { bytes[$0...].starts(with: mark) })
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let status = try #require(lines.first.flatMap { Int($0.dropFirst(9).prefix(3)) })
        var answer = EdgeAnswer(status: status, fields: [:], bytes: Array(bytes[(end + 4)...]))
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.fields[parts[0].lowercased()] = String(parts[1].dropFirst())
        }
        #expect(omitsBody || answer["Content-Length"] == String(answer.bytes.count))
        return answer
    }
}
