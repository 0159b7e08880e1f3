internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import SwiftProtobuf

/// The RPCs of the v2 service that tell of the server and its models.
struct V2Methods: Sendable {
    typealias Method = Inference_GRPCInferenceService.Method

    let configuration: GRPCEdgeConfiguration

    /// Registers them all.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        registerServer(with: &router)
        registerModels(with: &router)
        router.unary(Method.RepositoryIndex.descriptor, repositoryIndex)
        ControlMethods(configuration: configuration).register(with: &router)
    }

    private func registerServer(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(Method.ServerLive.descriptor) {
            (_: Inference_ServerLiveRequest, _) throws(InferenceError) -> Inference_ServerLiveResponse in
            .with { $0.live = configuration.health.isLive }
        }
        router.unary(Method.ServerReady.descriptor) {
            (_: Inference_ServerReadyRequest, _) throws(InferenceError) -> Inference_ServerReadyResponse in
            .with { $0.ready = configuration.health.isReady }
        }
        router.unary(Method.ServerMetadata.descriptor) {
            (_: Inference_ServerMetadataRequest, _) throws(InferenceError) -> Inference_ServerMetadataResponse in
            .with {
                $0.name = configuration.server.name
                $0.version = configuration.server.version
                $0.extensions = configuration.extensions
            }
        }
    }

    private func registerModels(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(Method.ModelReady.descriptor) {
            (request: Inference_ModelReadyRequest, call) throws(InferenceError) -> Inference_ModelReadyResponse in
            let selector = try selector(request.name, request.version, call)
            let isReady = try isReady(selector)
            return .with { $0.ready = isReady }
        }
        router.unary(Method.ModelMetadata.descriptor) {
            (request: Inference_ModelMetadataRequest, call) throws(InferenceError) -> Inference_ModelMetadataResponse in
            try modelMetadata(selector(request.name, request.version, call))
        }
        router.unary(Method.ModelConfig.descriptor) {
            (request: Inference_ModelConfigRequest, call) throws(InferenceError) -> Inference_ModelConfigResponse in
            try modelConfiguration(selector(request.name, request.version, call))
        }
        router.unary(Method.ModelStatistics.descriptor) {
            (
                request: Inference_ModelStatisticsRequest,
                call
            ) throws(InferenceError)
                -> Inference_ModelStatisticsResponse in
            guard !request.name.isEmpty else { return statistics(of: nil) }
            return try modelStatistics(selector(request.name, request.version, call))
        }
    }

    /// The model that a request names, if the gate lets the caller ask it.
    private func selector(
        _ name: String,
        _ version: String,
        _ call: RPCCall
    ) throws(InferenceError) -> ModelSelector {
        let selector = try ModelSelector(messageName: name, version: version)
        try call.check(selector.name)
        return selector
    }

    // MARK: Answers

    /// Whether a model answers; an error only for one that isn't known at all.
    private func isReady(_ selector: ModelSelector) throws(InferenceError) -> Bool {
        do throws(InferenceError) {
            let lease = try configuration.service.lease(selector)
            try lease.model.checkReadiness()
            return true
        } catch {
            guard configuration.knows(selector) else { throw error }
            return false
        }
    }

    private func modelMetadata(
        _ selector: ModelSelector
    ) throws(InferenceError) -> Inference_ModelMetadataResponse {
        let model = try configuration.service.lease(selector).model.description
        var response = Inference_ModelMetadataResponse()
        response.name = model.id.name.description
        response.versions =
            selector.version == .latest
            ? configuration.repository.readyVersions(of: selector.name).map(\.description)
            : [model.id.version.description]
        response.platform = model.platform
        response.inputs = model.inputs.map { V2Methods.metadata(of: $0) }
        response.outputs = model.outputs.map { V2Methods.metadata(of: $0) }
        return response
    }

    private static func metadata(
        of tensor: TensorSpecification
    ) -> Inference_ModelMetadataResponse.TensorMetadata {
        .with {
            $0.name = tensor.name
            $0.datatype = tensor.dataType.rawValue
            $0.shape = tensor.shape.map { Int64($0) }
        }
    }

    /// The configuration: its JSON is protobuf's own, in the original names.
    private func modelConfiguration(
        _ selector: ModelSelector
    ) throws(InferenceError) -> Inference_ModelConfigResponse {
        let model = try configuration.service.lease(selector).model.description
        var options = JSONDecodingOptions()
        options.ignoreUnknownFields = true
        do {
            let config = try Inference_ModelConfig(jsonUTF8Bytes: model.configurationJSON, options: options)
            return .with { $0.config = config }
        } catch {
            throw InferenceError(
                .internalFailure,
                "the configuration of '\(selector.name)' can't be encoded",
                cause: error
            )
        }
    }

    @Sendable private func repositoryIndex(
        _ request: Inference_RepositoryIndexRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_RepositoryIndexResponse {
        let entries = configuration.repository.index().filter { !request.ready || $0.state == .ready }
        var response = Inference_RepositoryIndexResponse()
        response.models = entries.map { entry in
            .with {
                $0.name = entry.name
                $0.version = entry.version?.description ?? ""
                $0.state = entry.state == .unknown ? "" : entry.state.rawValue
                $0.reason = entry.reason
            }
        }
        return response
    }

    private func modelStatistics(
        _ selector: ModelSelector
    ) throws(InferenceError) -> Inference_ModelStatisticsResponse {
        let response = statistics(of: selector)
        guard !response.modelStats.isEmpty else {
            throw InferenceError(
                .invalidArgument,
                "requested model '\(selector.name)' is not available",
                field: "name"
            )
        }
        return response
    }

    private func statistics(of selector: ModelSelector?) -> Inference_ModelStatisticsResponse {
        var response = Inference_ModelStatisticsResponse()
        for report in configuration.statistics.statistics() {
            if let selector {
                guard report.id.name == selector.name else { continue }
                if case .exact(let version) = selector.version, version != report.id.version { continue }
            }
            response.modelStats.append(Inference_ModelStatistics(report))
        }
        return response
    }
}

extension GRPCEdgeConfiguration {
    /// Whether the repository has a model or its version, ready or not.
    func knows(_ selector: ModelSelector) -> Bool {
        repository.index().contains { entry in
            guard entry.name == selector.name.description else { return false }
            if case .exact(let version) = selector.version { return entry.version == version }
            return true
        }
    }
}
