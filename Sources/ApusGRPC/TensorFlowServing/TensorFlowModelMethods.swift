internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import GRPCProtobuf
internal import NIOCore

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
        ) { message, _ throws(InferenceError) in
            try reload(message)
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

    /// Refuses to replace the list of models: it is that of the repository's folders.
    private func reload(_ body: MessageBody) throws(InferenceError) -> Tensorflow_Serving_ReloadConfigResponse {
        guard try TensorFlowReloadMessage(body.buffer.readableBytesSpan).hasModelList else {
            throw InferenceError(
                .invalidArgument,
                "ServerConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
                    + "supported",
                field: "config",
                expected: "model_config_list"
            )
        }
        throw InferenceError(
            .failedPrecondition,
            "this server serves the models of its repository's folders, and a request can't replace their list: add or "
                + "remove folders there",
            field: "config"
        )
    }
}
