internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import SwiftProtobuf

/// The RPCs of the v2 service that change what the server does (CONTRACTS §9 and §11): what HTTP's control routes do.
struct ControlMethods: Sendable {
    typealias Method = Inference_GRPCInferenceService.Method

    let configuration: GRPCEdgeConfiguration

    /// Registers them all.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(Method.RepositoryModelLoad.descriptor, load)
        router.unary(Method.RepositoryModelUnload.descriptor, unload)
        router.unary(Method.SystemSharedMemoryStatus.descriptor, systemStatus)
        router.unary(Method.SystemSharedMemoryRegister.descriptor, registerSystem)
        router.unary(Method.SystemSharedMemoryUnregister.descriptor, unregisterSystem)
        router.unary(Method.CudaSharedMemoryStatus.descriptor, cudaStatus)
        router.unary(Method.CudaSharedMemoryRegister.descriptor, registerCuda)
        router.unary(Method.CudaSharedMemoryUnregister.descriptor, unregisterCuda)
        router.unary(Method.TraceSetting.descriptor, traceSetting)
        router.unary(Method.LogSettings.descriptor, logSettings)
    }

    // MARK: Models

    @Sendable private func load(
        _ request: Inference_RepositoryModelLoadRequest,
        _ call: RPCCall
    ) async throws(InferenceError) -> Inference_RepositoryModelLoadResponse {
        let name = try model(request.modelName, repository: request.repositoryName, call)
        var overrides = ModelOverrides()
        // In a fixed order, so that of two faults the same one is told each time.
        for (key, parameter) in request.parameters.sorted(by: { $0.key < $1.key }) {
            try overrides.set(key, parameter.overrideValue)
        }
        try await configuration.control.load(name, overrides: overrides)
        return .with {
            $0.modelName = name.description
            $0.isLoaded = true
        }
    }

    @Sendable private func unload(
        _ request: Inference_RepositoryModelUnloadRequest,
        _ call: RPCCall
    ) async throws(InferenceError) -> Inference_RepositoryModelUnloadResponse {
        let name = try model(request.modelName, repository: request.repositoryName, call)
        var withDependents = false
        for (key, parameter) in request.parameters {
            guard key == "unload_dependents", case .boolParam(let value) = parameter.parameterChoice else {
                throw InferenceError(
                    .invalidArgument,
                    "unexpected unload parameter '\(key)': an unload has the bool_param unload_dependents only",
                    field: "parameters.\(key)"
                )
            }
            withDependents = value
        }
        try await configuration.control.unload(name, withDependents: withDependents)
        return .with {
            $0.modelName = name.description
            $0.isUnloaded = true
        }
    }

    /// The model that a request names: KServe has the name in the field that is Triton's repository.
    private func model(
        _ model: String,
        repository: String,
        _ call: RPCCall
    ) throws(InferenceError) -> ModelName {
        guard model.isEmpty || repository.isEmpty else {
            throw InferenceError(.unsupported, "'repository_name' specification is not supported")
        }
        let name = try ModelSelector(messageName: model.isEmpty ? repository : model, version: "").name
        try call.check(name)
        return name
    }

    // MARK: Shared memory

    @Sendable private func systemStatus(
        _ request: Inference_SystemSharedMemoryStatusRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_SystemSharedMemoryStatusResponse {
        var response = Inference_SystemSharedMemoryStatusResponse()
        for region in try configuration.sharedMemory.status(of: request.name.isEmpty ? nil : request.name) {
            response.regions[region.name] = .with {
                $0.name = region.name
                $0.key = region.key
                $0.offset = region.offset
                $0.byteSize = region.byteSize
            }
        }
        return response
    }

    @Sendable private func registerSystem(
        _ request: Inference_SystemSharedMemoryRegisterRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_SystemSharedMemoryRegisterResponse {
        try configuration.sharedMemory.register(
            SharedMemoryStatus(
                name: request.name,
                key: request.key,
                offset: request.offset,
                byteSize: request.byteSize
            )
        )
        return Inference_SystemSharedMemoryRegisterResponse()
    }

    @Sendable private func unregisterSystem(
        _ request: Inference_SystemSharedMemoryUnregisterRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_SystemSharedMemoryUnregisterResponse {
        try configuration.sharedMemory.unregister(request.name.isEmpty ? nil : request.name)
        return Inference_SystemSharedMemoryUnregisterResponse()
    }

    // Of GPU memory there is none, and never was: what looks or forgets is content, what registers is refused.

    @Sendable private func cudaStatus(
        _ request: Inference_CudaSharedMemoryStatusRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_CudaSharedMemoryStatusResponse {
        guard request.name.isEmpty else { throw InferenceError.unknownRegion(request.name) }
        return Inference_CudaSharedMemoryStatusResponse()
    }

    @Sendable private func registerCuda(
        _ request: Inference_CudaSharedMemoryRegisterRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_CudaSharedMemoryRegisterResponse {
        throw InferenceError.cudaSharedMemoryIsUnsupported
    }

    @Sendable private func unregisterCuda(
        _ request: Inference_CudaSharedMemoryUnregisterRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_CudaSharedMemoryUnregisterResponse {
        Inference_CudaSharedMemoryUnregisterResponse()
    }

    // MARK: Settings

    @Sendable private func traceSetting(
        _ request: Inference_TraceSettingRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_TraceSettingResponse {
        let name =
            request.modelName.isEmpty ? nil : try ModelSelector(messageName: request.modelName, version: "").name
        if let name { try call.check(name) }
        let settings: TraceSettings
        if request.settings.isEmpty {
            settings = try configuration.settings.traceSettings(of: name)
        } else {
            try call.check(.updateTraceSettings, of: name)
            let changes = request.settings.sorted { $0.key < $1.key }.map { key, setting in
                TraceSettingChange(name: key, values: setting.value.isEmpty ? nil : setting.value)
            }
            settings = try configuration.settings.updateTraceSettings(changes, of: name)
        }
        return .with { response in
            for entry in settings.entries { response.settings[entry.name] = .with { $0.value = entry.values } }
        }
    }

    @Sendable private func logSettings(
        _ request: Inference_LogSettingsRequest,
        _ call: RPCCall
    ) throws(InferenceError) -> Inference_LogSettingsResponse {
        let settings: LogSettings
        if request.settings.isEmpty {
            settings = configuration.settings.logSettings()
        } else {
            try call.check(.updateLogSettings)
            let changes = request.settings.sorted { $0.key < $1.key }.map { key, setting in
                LogSettingChange(name: key, value: setting.logValue)
            }
            settings = try configuration.settings.updateLogSettings(changes)
        }
        return .with { response in
            for entry in settings.entries { response.settings[entry.name] = .init(entry.value) }
        }
    }
}

extension Inference_ModelRepositoryParameter {
    /// What a load makes of it.
    fileprivate var overrideValue: ModelOverrides.Value {
        switch parameterChoice {
        case .stringParam(let text): .text(text)
        case .bytesParam(let bytes): .bytes([UInt8](bytes))
        case .boolParam, .int64Param, nil: .other("neither string_param nor bytes_param")
        }
    }
}

extension Inference_LogSettingsRequest.SettingValue {
    fileprivate var logValue: LogSettings.Value? {
        switch parameterChoice {
        case .boolParam(let value): .bool(value)
        case .uint32Param(let value): .number(value)
        case .stringParam(let value): .text(value)
        case nil: nil
        }
    }
}

extension Inference_LogSettingsResponse.SettingValue {
    fileprivate init(_ value: LogSettings.Value) {
        self.init()
        switch value {
        case .bool(let value): boolParam = value
        case .number(let value): uint32Param = value
        case .text(let value): stringParam = value
        }
    }
}
