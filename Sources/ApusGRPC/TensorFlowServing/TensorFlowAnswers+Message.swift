internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import SwiftProtobuf

extension Tensorflow_Serving_GetModelMetadataResponse {
    /// The signature of a model.
    ///
    /// - Throws: `internalFailure` when it can't be packed into a message of any type.
    init(_ model: ModelDescription) throws(InferenceError) {
        self.init()
        modelSpec.name = model.id.name.description
        modelSpec.version.value = model.id.version.number
        let signatures = Tensorflow_Serving_SignatureDefMap.with {
            $0.signatureDef[TensorFlowSignature.name] = Tensorflow_SignatureDef(model)
        }
        do {
            metadata[TensorFlowMetadataMessage.field] = try Google_Protobuf_Any(message: signatures)
        } catch {
            throw InferenceError(.internalFailure, "the signature could not be encoded", cause: error)
        }
    }
}

extension Tensorflow_SignatureDef {
    /// The one signature of a model.
    init(_ model: ModelDescription) {
        self.init()
        inputs = Tensorflow_SignatureDef.tensors(model.inputs)
        outputs = Tensorflow_SignatureDef.tensors(model.outputs)
        methodName = TensorFlowSignature.methodName
    }

    private static func tensors(_ tensors: [TensorSpecification]) -> [String: Tensorflow_TensorInfo] {
        var infos: [String: Tensorflow_TensorInfo] = [:]
        for tensor in tensors {
            infos[tensor.name] = .with {
                $0.name = "\(tensor.name):0"
                $0.dtype = Tensorflow_DataType(rawValue: tensor.dataType.tensorFlowNumber) ?? .dtInvalid
                $0.tensorShape.dim = tensor.shape.map { size in .with { $0.size = Int64(size) } }
            }
        }
        return infos
    }
}

extension Tensorflow_Serving_ModelVersionStatus {
    /// A line of the repository's index.
    init(_ status: TensorFlowVersionStatus, version number: ModelVersion) {
        self.init()
        version = number.number
        state =
            switch status.state {
            case .unknown: .unknown
            case .start: .start
            case .loading: .loading
            case .available: .available
            case .unloading: .unloading
            case .end: .end
            }
        self.status = .with {
            $0.errorCode = status.hasFailed ? .unknown : .ok
            $0.errorMessage = status.message
        }
    }
}
