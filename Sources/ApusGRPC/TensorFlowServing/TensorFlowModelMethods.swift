internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import GRPCProtobuf
internal import NIOCore
internal import SwiftProtobuf

/// TensorFlow Serving's ModelService (CONTRACTS §13).
struct TensorFlowModelMethods: Sendable {
    typealias Method = Tensorflow_Serving_ModelService.Method

    let configuration: GRPCEdgeConfiguration

    /// Registers its methods.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(
            Method.GetModelStatus.descriptor,
            deserializer: MessageBodyDeserializer(),
            serializer: ProtobufSerializer<Tensorflow_Serving_GetModelStatusResponse>()
        ) { message, call throws(InferenceError) in
            try status(message, call: call)
        }
        router.unary(
            Method.HandleReloadConfigRequest.descriptor,
            deserializer: MessageBodyDeserializer(),
            serializer: ProtobufSerializer<Tensorflow_Serving_ReloadConfigResponse>()
        ) { message, call throws(InferenceError) in
            try await reload(message, call: call)
        }
    }

    private func status(
        _ body: MessageBody,
        call: RPCCall
    ) throws(InferenceError) -> Tensorflow_Serving_GetModelStatusResponse {
        let selector = try TensorFlowStatusMessage(body.buffer.readableBytesSpan).model.selector()
        try call.check(selector.name)
        let entries = try configuration.repository.tensorFlowStatus(of: selector, service: configuration.service)
        var response = Tensorflow_Serving_GetModelStatusResponse()
        for entry in entries.reversed() {
            guard let version = entry.version else { continue }
            response.modelVersionStatus.append(.init(TensorFlowVersionStatus(entry), version: version))
        }
        return response
    }

    /// Has the listed models served and no others, where models are loaded on demand.
    private func reload(
        _ body: MessageBody,
        call: RPCCall
    ) async throws(InferenceError) -> Tensorflow_Serving_ReloadConfigResponse {
        let names = try TensorFlowReloadMessage(body.buffer.readableBytesSpan).names
        for name in names { try call.check(name) }
        guard configuration.control.isExplicit else {
            // A list of what is served anyway asks for nothing.
            let served = configuration.repository.index().filter { $0.state == .ready }.map(\.name)
            guard Set(served) == Set(names.map(\.description)) else { throw .listIsFixed }
            return .replaced
        }
        try await configuration.control.serve(only: names)
        return .replaced
    }
}

extension InferenceError {
    fileprivate static let listIsFixed = InferenceError(
        .failedPrecondition,
        "this server serves all models of its repository: start it with --model-control-mode explicit to have their list "
            + "replaced by requests",
        field: "config"
    )
}

extension Tensorflow_Serving_ReloadConfigResponse {
    /// The list is in force.
    fileprivate static let replaced = Tensorflow_Serving_ReloadConfigResponse.with { $0.status.errorCode = .ok }
}
