internal import ApusCore
internal import ApusProtos
internal import GRPCCore
internal import SwiftProtobuf

/// gRPC's health checking: "" is the server, everything else the name of a model.
struct HealthMethods: Sendable {
    typealias Status = Grpc_Health_V1_HealthCheckResponse.ServingStatus

    let configuration: GRPCEdgeConfiguration

    /// Registers both methods.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(Grpc_Health_V1_Health.Method.Check.descriptor) {
            (
                request: Grpc_Health_V1_HealthCheckRequest,
                _
            ) throws(InferenceError)
                -> Grpc_Health_V1_HealthCheckResponse in
            guard let status = status(of: request.service) else {
                throw InferenceError(
                    .notFound,
                    "unknown service '\(request.service)': expected \"\" for the server or a model's name",
                    field: "service"
                )
            }
            return .with { $0.status = status }
        }
        router.stream(Grpc_Health_V1_Health.Method.Watch.descriptor) {
            (
                requests: RPCAsyncSequence<Grpc_Health_V1_HealthCheckRequest, any Error>,
                writer: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
                _
            ) in
            try await watch(requests, writer: writer)
        }
    }

    /// Sends the status at once and whenever it has changed; a model may appear and go away meanwhile.
    private func watch(
        _ requests: RPCAsyncSequence<Grpc_Health_V1_HealthCheckRequest, any Error>,
        writer: RPCWriter<Grpc_Health_V1_HealthCheckResponse>
    ) async throws {
        var iterator = requests.makeAsyncIterator()
        guard let service = try await iterator.next()?.service else {
            throw InferenceError(.invalidArgument, "expected exactly one request message")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var last: Status?
                while !Task.isCancelled {
                    let status = status(of: service) ?? .serviceUnknown
                    if status != last { try await writer.write(.with { $0.status = status }) }
                    last = status
                    try await Task.sleep(for: configuration.healthInterval)
                }
            }
            group.addTask { await HealthMethods.untilCancelled() }
            // Whichever ends first: the client can't be written to, or it has gone.
            _ = try await group.next()
            group.cancelAll()
        }
    }

    /// Waits until the call is cancelled: a client's going away shows there, not as a cancelled task.
    private static func untilCancelled() async {
        let cancelled = AsyncStream<Never>.makeStream()
        await withRPCCancellationHandler {
            for await _ in cancelled.stream {}
        } onCancelRPC: {
            cancelled.continuation.finish()
        }
    }

    /// How the server or a model is; `nil` for a model that isn't there.
    private func status(of service: String) -> Status? {
        guard !service.isEmpty else { return configuration.health.isReady ? .serving : .notServing }
        guard let name = ModelName(service) else { return nil }
        let selector = ModelSelector(name: name)
        do throws(InferenceError) {
            try configuration.service.lease(selector).model.checkReadiness()
            return .serving
        } catch {
            return configuration.knows(selector) ? .notServing : nil
        }
    }
}
