import ApusCore
import ApusGRPC
import GRPCCore
import GRPCInProcessTransport
import GRPCProtobuf
import SwiftProtobuf
import Synchronization

/// The models that a test has.
final class FakeModels: InferenceService, RepositoryControl, StatisticsSource {
    let models: [FakeModel]

    init(_ models: [FakeModel]) {
        self.models = models
    }

    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        let named = models.filter { $0.description.id.name == selector.name }
        guard !named.isEmpty else {
            throw InferenceError(.notFound, "Request for unknown model: '\(selector.name)' is not found")
        }
        guard let model = named.last(where: \.isReady) else {
            throw InferenceError(
                .unavailable,
                "Request for unknown model: '\(selector.name)' has no available versions"
            )
        }
        return model.lease()
    }

    func index() -> [RepositoryIndexEntry] {
        models.map { model in
            RepositoryIndexEntry(
                name: model.description.id.name.description,
                version: model.description.id.version,
                state: model.isReady ? .ready : .unavailable,
                reason: model.isReady ? "" : "broken"
            )
        }
    }

    func readyVersions(of name: ModelName) -> [ModelVersion] {
        models.filter { $0.isReady && $0.description.id.name == name }.map(\.description.id.version)
    }

    func statistics() -> [ModelStatisticsReport] {
        models.filter(\.isReady).map { model in
            var statistics = ModelStatistics()
            statistics.inferenceCount = 7
            statistics.success.record(nanoseconds: 100)
            statistics.batches[2] = ModelStatistics.Batch()
            return ModelStatisticsReport(id: model.description.id, statistics: statistics)
        }
    }
}

/// Decides as a test says and notes what it was asked.
final class FakeGate: Gate {
    private let verdict: @Sendable (Operation, ModelName?) -> GateVerdict
    private let state = Mutex<[String]>([])

    init(_ verdict: @escaping @Sendable (Operation, ModelName?) -> GateVerdict = { _, _ in .allow(Caller(key: "me")) })
    {
        self.verdict = verdict
    }

    /// `operation model authorization` of each question.
    var questions: [String] { state.withLock { $0 } }

    func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict {
        state.withLock {
            $0.append("\(operation.rawValue) \(model?.description ?? "-") \(credentials.authorization)")
        }
        return verdict(operation, model)
    }
}

/// Says whether the server is well, as a test has it at the moment.
final class FakeHealth: Health {
    private let state = Mutex(true)

    var isLive: Bool { true }
    var isReady: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Counts how requests ended.
final class RecordingObserver: RequestObserver {
    private let state = Mutex<[Int]>([])

    var statuses: [Int] { state.withLock { $0 } }

    func answered(status: Int) { state.withLock { $0.append(status) } }
    func wantsRecord(ofFailure isFailure: Bool) -> Bool { true }
    func requestEnded(_ record: AccessRecord) {}
}

/// The services behind a transport within the process.
struct FakeServer {
    typealias Client = GRPCClient<InProcessTransport.Client>

    var models: [FakeModel] = []
    var gate: any Gate = FakeGate()
    var health = FakeHealth()
    var observer = RecordingObserver()
    var control: any ModelControl = NoModelControl()

    var configuration: GRPCEdgeConfiguration {
        let fakes = FakeModels(models)
        var configuration = GRPCEdgeConfiguration(
            models: (fakes, fakes, fakes),
            health: health,
            gate: gate,
            observer: observer,
            time: SystemTime(),
            limits: InputLimits()
        )
        configuration.control = control
        configuration.server = ("apus-test", "9.9")
        configuration.extensions = ["binary_tensor_data"]
        configuration.healthInterval = .milliseconds(2)
        return configuration
    }

    /// Runs the server while a test asks it.
    func run<Value: Sendable>(_ body: @Sendable @escaping (Client) async throws -> Value) async throws -> Value {
        let transport = InProcessTransport()
        let server = GRPCServer(transport: transport.server, services: [GRPCServices(configuration)])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            let value = try await withGRPCClient(transport: transport.client) { client in try await body(client) }
            server.beginGracefulShutdown()
            try await group.waitForAll()
            return value
        }
    }

    /// The status that a call ends with, and its words.
    func refusal(_ body: @Sendable @escaping (Client) async throws -> Void) async throws -> RPCError? {
        try await run { client in
            do {
                try await body(client)
                return nil
            } catch let error as RPCError {
                return error
            }
        }
    }
}

extension GRPCClient {
    /// Asks a method of one message and one answer.
    func ask<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ request: Input,
        metadata: Metadata = [:],
        timeout: Duration? = nil
    ) async throws -> Output {
        var options = CallOptions.defaults
        options.timeout = timeout
        return try await unary(
            request: ClientRequest(message: request, metadata: metadata),
            descriptor: method,
            serializer: ProtobufSerializer<Input>(),
            deserializer: ProtobufDeserializer<Output>(),
            options: options
        ) { try $0.message }
    }

    /// Sends messages and collects all answers.
    func exchange<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ requests: [Input],
        metadata: Metadata = [:],
        timeout: Duration? = nil,
        afterSending: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> [Output] {
        var options = CallOptions.defaults
        options.timeout = timeout
        return try await bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata) { writer in
                for request in requests { try await writer.write(request) }
                try await afterSending()
            },
            descriptor: method,
            serializer: ProtobufSerializer<Input>(),
            deserializer: ProtobufDeserializer<Output>(),
            options: options
        ) { response in
            var answers: [Output] = []
            for try await message in response.messages { answers.append(message) }
            return answers
        }
    }
}
