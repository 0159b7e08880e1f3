package import ApusCore

extension Operation {
    /// The gRPC methods that lead to it, as `package.Service/Method`: with `routes`, everything that is reachable.
    package var methods: [String] {
        switch self {
        case .infer:
            ["\(Operation.v2)/ModelInfer", "\(Operation.v2)/ModelStreamInfer", "apus.v1.Prediction/Predict"]
                + ["Predict", "Classify", "Regress", "MultiInference"].map {
                    "\(Operation.tensorFlow)PredictionService/\($0)"
                }
        case .serverLive: ["\(Operation.v2)/ServerLive"]
        case .serverReady:
            ["\(Operation.v2)/ServerReady", "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"]
        case .modelReady: ["\(Operation.v2)/ModelReady"]
        case .serverMetadata:
            [
                "\(Operation.v2)/ServerMetadata",
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ]
        case .modelMetadata:
            ["\(Operation.v2)/ModelMetadata", "\(Operation.tensorFlow)PredictionService/GetModelMetadata"]
        case .modelStatus: ["\(Operation.tensorFlow)ModelService/GetModelStatus"]
        case .modelReload: ["\(Operation.tensorFlow)ModelService/HandleReloadConfigRequest"]
        case .modelConfiguration: ["\(Operation.v2)/ModelConfig"]
        case .modelStatistics: ["\(Operation.v2)/ModelStatistics"]
        case .repositoryIndex: ["\(Operation.v2)/RepositoryIndex"]
        case .modelLoad: ["\(Operation.v2)/RepositoryModelLoad"]
        case .modelUnload: ["\(Operation.v2)/RepositoryModelUnload"]
        case .systemSharedMemoryStatus: ["\(Operation.v2)/SystemSharedMemoryStatus"]
        case .systemSharedMemoryRegister: ["\(Operation.v2)/SystemSharedMemoryRegister"]
        case .systemSharedMemoryUnregister: ["\(Operation.v2)/SystemSharedMemoryUnregister"]
        case .cudaSharedMemoryStatus: ["\(Operation.v2)/CudaSharedMemoryStatus"]
        case .cudaSharedMemoryRegister: ["\(Operation.v2)/CudaSharedMemoryRegister"]
        case .cudaSharedMemoryUnregister: ["\(Operation.v2)/CudaSharedMemoryUnregister"]
        // One method each to look and to change: its message says which, and the gate is asked again for a change.
        case .traceSettings: ["\(Operation.v2)/TraceSetting"]
        case .logSettings: ["\(Operation.v2)/LogSettings"]
        default: []
        }
    }

    /// The operation that a method leads to; `nil` for one that no operation has, which is refused.
    package static func ofMethod(_ method: String) -> Operation? {
        allCases.first { $0.methods.contains(method) }
    }

    private static let tensorFlow = "tensorflow.serving."
    private static let v2 = "inference.GRPCInferenceService"
}
