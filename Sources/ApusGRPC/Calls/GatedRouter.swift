internal import ApusCore
internal import GRPCCore
internal import GRPCProtobuf
internal import SwiftProtobuf

/// Registers methods so that each asks the gate before a message is read, and fails with the status of the one table.
///
/// A method that no `Operation` leads to is not served: a new one can't be forgotten by the gate.
struct GatedRouter<Transport: ServerTransport> {
    private(set) var router: RPCRouter<Transport>
    private let configuration: GRPCEdgeConfiguration

    init(_ router: RPCRouter<Transport>, configuration: GRPCEdgeConfiguration) {
        self.router = router
        self.configuration = configuration
    }

    /// Serves a method of one message and one answer.
    mutating func unary<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ answer: @escaping @Sendable (Input, RPCCall) async throws(InferenceError) -> Output
    ) {
        unary(
            method,
            deserializer: ProtobufDeserializer<Input>(),
            serializer: ProtobufSerializer<Output>(),
            answer
        )
    }

    /// Serves a method of one message and one answer that have codecs of their own.
    mutating func unary<Input: Sendable, Output: Sendable>(
        _ method: MethodDescriptor,
        deserializer: some MessageDeserializer<Input>,
        serializer: some MessageSerializer<Output>,
        _ answer: @escaping @Sendable (Input, RPCCall) async throws(InferenceError) -> Output
    ) {
        let configuration = configuration
        guard let operation = Operation.ofMethod(method.fullyQualifiedMethod) else { return }
        router.registerHandler(forMethod: method, deserializer: deserializer, serializer: serializer) { request, _ in
            let reporter = RPCReporter(configuration, operation: operation)
            do throws(InferenceError) {
                let call = try RPCCall(
                    operation,
                    metadata: request.metadata,
                    gate: configuration.gate,
                    time: configuration.time
                )
                let message = try await GatedRouter.single(request)
                let output = try await answer(message, call)
                reporter.succeeded()
                return StreamingServerResponse(single: ServerResponse(message: output))
            } catch {
                reporter.failed(error)
                return StreamingServerResponse(of: Output.self, error: GRPCStatusTable.error(for: error))
            }
        }
    }

    /// Serves a method with streams of messages and answers.
    mutating func stream<Input: Sendable, Output: Sendable>(
        _ method: MethodDescriptor,
        deserializer: some MessageDeserializer<Input>,
        serializer: some MessageSerializer<Output>,
        _ answer:
            @escaping @Sendable (RPCAsyncSequence<Input, any Error>, RPCWriter<Output>, RPCCall) async throws -> Void
    ) {
        let configuration = configuration
        guard let operation = Operation.ofMethod(method.fullyQualifiedMethod) else { return }
        router.registerHandler(forMethod: method, deserializer: deserializer, serializer: serializer) { request, _ in
            do throws(InferenceError) {
                let call = try RPCCall(
                    operation,
                    metadata: request.metadata,
                    gate: configuration.gate,
                    time: configuration.time
                )
                return StreamingServerResponse(of: Output.self) { writer in
                    do {
                        try await answer(request.messages, writer, call)
                    } catch let error as InferenceError {
                        throw GRPCStatusTable.error(for: error)
                    }
                    return [:]
                }
            } catch {
                RPCReporter(configuration, operation: operation).failed(error)
                return StreamingServerResponse(of: Output.self, error: GRPCStatusTable.error(for: error))
            }
        }
    }

    /// Serves a method with streams of generated messages.
    mutating func stream<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ answer:
            @escaping @Sendable (RPCAsyncSequence<Input, any Error>, RPCWriter<Output>, RPCCall) async throws -> Void
    ) {
        stream(
            method,
            deserializer: ProtobufDeserializer<Input>(),
            serializer: ProtobufSerializer<Output>(),
            answer
        )
    }

    /// The one message of a call.
    private static func single<Input: Sendable>(
        _ request: StreamingServerRequest<Input>
    ) async throws(InferenceError) -> Input {
        do {
            return try await ServerRequest(stream: request).message
        } catch let error as RPCError where error.code == .invalidArgument {
            throw InferenceError(
                .invalidArgument,
                "failed to parse the request message: \(error.message)",
                hint: "check that client and server have the same .proto files"
            )
        } catch {
            throw InferenceError(.invalidArgument, "expected exactly one request message", cause: error)
        }
    }
}
