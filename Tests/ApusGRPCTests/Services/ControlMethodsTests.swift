import ApusCore
import ApusGRPC
import ApusProtos
import GRPCCore
import SwiftProtobuf
import Synchronization
import Testing

/// Loading, shared memory and settings over gRPC; what is behind them is tested where it is.
struct ControlMethodsTests {
    /// Notes what it is asked to do.
    private final class Control: ModelControl {
        let isExplicit = true
        private let state = Mutex<[String]>([])

        var calls: [String] { state.withLock { $0 } }

        func load(_ name: ModelName, overrides: ModelOverrides) async throws(InferenceError) {
            try overrides.check()
            let files = overrides.files.map { "\($0.version)/\($0.path):\($0.bytes.count)" }.joined(separator: ",")
            state.withLock { $0.append("load \(name) \(overrides.configuration ?? "-") \(files)") }
        }

        func unload(_ name: ModelName, withDependents: Bool) async throws(InferenceError) {
            state.withLock { $0.append("unload \(name) \(withDependents)") }
        }

        func serve(only names: [ModelName]) async throws(InferenceError) {
            state.withLock { $0.append("serve \(names.map(\.description))") }
        }
    }

    private let control = Control()
    private let server = FakeServer()

    private func ask<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ request: Input,
        gate: any Gate = FakeGate(),
        _ type: Output.Type = Output.self
    ) async throws -> Output {
        var server = server
        server.gate = gate
        server.control = control
        return try await server.run { client in try await client.ask(method, request) }
    }

    private func refusal(
        _ method: MethodDescriptor,
        _ request: some Message,
        gate: any Gate = FakeGate()
    ) async throws -> RPCError? {
        do {
            let _: Inference_RepositoryModelLoadResponse = try await ask(method, request, gate: gate)
            return nil
        } catch let error as RPCError {
            return error
        }
    }

    @Test(arguments: [true, false]) func `a model is loaded by Triton's field and by KServe's`(
        _ isTriton: Bool
    ) async throws {
        let loaded: Inference_RepositoryModelLoadResponse = try await ask(
            V2.RepositoryModelLoad.descriptor,
            Inference_RepositoryModelLoadRequest.with {
                if isTriton { $0.modelName = "m" } else { $0.repositoryName = "m" }
            }
        )
        #expect(loaded.modelName == "m" && loaded.isLoaded)
        let unloaded: Inference_RepositoryModelUnloadResponse = try await ask(
            V2.RepositoryModelUnload.descriptor,
            Inference_RepositoryModelUnloadRequest.with {
                if isTriton { $0.modelName = "m" } else { $0.repositoryName = "m" }
                $0.parameters["unload_dependents"] = .with { $0.boolParam = true }
            }
        )
        #expect(unloaded.modelName == "m" && unloaded.isUnloaded)
        #expect(control.calls == ["load m - ", "unload m true"])
    }

    @Test func `a load brings its configuration and its files`() async throws {
        let _: Inference_RepositoryModelLoadResponse = try await ask(
            V2.RepositoryModelLoad.descriptor,
            Inference_RepositoryModelLoadRequest.with {
                $0.modelName = "m"
                $0.parameters["config"] = .with { $0.stringParam = "{}" }
                $0.parameters["file:1/model.onnx"] = .with { $0.bytesParam = .init([1, 2, 3]) }
            }
        )
        #expect(control.calls == ["load m {} 1/model.onnx:3"])
    }

    @Test func `what no load or unload takes is refused`() async throws {
        let wrong: [(Inference_RepositoryModelLoadRequest) -> Inference_RepositoryModelLoadRequest] = [
            { _ in .init() },
            { _ in .with { $0.modelName = "../m" } },
            { request in request.with("config") { $0.boolParam = true } },
            { request in request.with("config") { _ in } },
            { request in request.with("file:x") { $0.bytesParam = .init([1]) } },
            { request in request.with("file:1/m") { $0.stringParam = "AA==" } },
            { request in request.with("other") { $0.int64Param = 1 } },
        ]
        for change in wrong {
            let request = change(.with { $0.modelName = "m" })
            let error = try await refusal(V2.RepositoryModelLoad.descriptor, request)
            #expect(error?.code == .invalidArgument, "\(request)")
        }
        let both = Inference_RepositoryModelLoadRequest.with {
            $0.modelName = "m"
            $0.repositoryName = "r"
        }
        #expect(try await refusal(V2.RepositoryModelLoad.descriptor, both)?.code == .unimplemented)
        let unload = Inference_RepositoryModelUnloadRequest.with {
            $0.modelName = "m"
            $0.parameters["unload_dependents"] = .with { $0.stringParam = "true" }
        }
        #expect(try await refusal(V2.RepositoryModelUnload.descriptor, unload)?.code == .invalidArgument)
        #expect(control.calls.isEmpty)
    }

    @Test func `shared memory is off by default, and that of GPUs always`() async throws {
        let status: Inference_SystemSharedMemoryStatusResponse = try await ask(
            V2.SystemSharedMemoryStatus.descriptor,
            Inference_SystemSharedMemoryStatusRequest()
        )
        #expect(status.regions.isEmpty)
        let one = Inference_SystemSharedMemoryStatusRequest.with { $0.name = "r" }
        #expect(try await refusal(V2.SystemSharedMemoryStatus.descriptor, one)?.code == .notFound)
        let region = Inference_SystemSharedMemoryRegisterRequest.with { $0.name = "r" }
        #expect(try await refusal(V2.SystemSharedMemoryRegister.descriptor, region)?.code == .unimplemented)
        let all = Inference_SystemSharedMemoryUnregisterRequest()
        #expect(try await refusal(V2.SystemSharedMemoryUnregister.descriptor, all)?.code == .unimplemented)
        let gpu: Inference_CudaSharedMemoryStatusResponse = try await ask(
            V2.CudaSharedMemoryStatus.descriptor,
            Inference_CudaSharedMemoryStatusRequest()
        )
        #expect(gpu.regions.isEmpty)
        let gpuOne = Inference_CudaSharedMemoryStatusRequest.with { $0.name = "r" }
        #expect(try await refusal(V2.CudaSharedMemoryStatus.descriptor, gpuOne)?.code == .notFound)
        let gpuRegion = Inference_CudaSharedMemoryRegisterRequest.with { $0.name = "r" }
        #expect(try await refusal(V2.CudaSharedMemoryRegister.descriptor, gpuRegion)?.code == .unimplemented)
        let _: Inference_CudaSharedMemoryUnregisterResponse = try await ask(
            V2.CudaSharedMemoryUnregister.descriptor,
            Inference_CudaSharedMemoryUnregisterRequest()
        )
    }

    @Test func `settings are looked at by all, and changed by those who may`() async throws {
        let traces: Inference_TraceSettingResponse = try await ask(
            V2.TraceSetting.descriptor,
            Inference_TraceSettingRequest()
        )
        #expect(traces.settings["trace_level"]?.value == ["OFF"] && traces.settings["trace_rate"]?.value == ["1000"])
        let logs: Inference_LogSettingsResponse = try await ask(
            V2.LogSettings.descriptor,
            Inference_LogSettingsRequest()
        )
        #expect(logs.settings["log_info"]?.boolParam == true && logs.settings["log_format"]?.stringParam == "default")
        #expect(logs.settings["log_verbose_level"]?.uint32Param == 0)

        let gate = ControlGate(before: FakeGate())
        let trace = Inference_TraceSettingRequest.with { $0.settings["trace_rate"] = .with { $0.value = ["5"] } }
        #expect(try await refusal(V2.TraceSetting.descriptor, trace, gate: gate)?.code == .permissionDenied)
        let log = Inference_LogSettingsRequest.with { $0.settings["log_info"] = .with { $0.boolParam = false } }
        #expect(try await refusal(V2.LogSettings.descriptor, log, gate: gate)?.code == .permissionDenied)
        // Let through, it is the settings that refuse: this server keeps none.
        #expect(try await refusal(V2.TraceSetting.descriptor, trace)?.code == .unimplemented)
        #expect(try await refusal(V2.LogSettings.descriptor, log)?.code == .unimplemented)
    }
}

extension Inference_RepositoryModelLoadRequest {
    /// The same request with a parameter.
    fileprivate func with(
        _ key: String,
        _ fill: (inout Inference_ModelRepositoryParameter) -> Void
    ) -> Inference_RepositoryModelLoadRequest {
        var request = self
        var parameter = Inference_ModelRepositoryParameter()
        fill(&parameter)
        request.parameters[key] = parameter
        return request
    }
}
