package import ApusCore
package import ApusEngine

/// A model opened in ONNX Runtime; any number of instances share it.
package final class ONNXRuntimeSession: EngineSession {
    package let signature: ModelSignature

    /// The library's session.
    let handle: SessionHandle
    /// For messages.
    let modelName: String
    /// The inputs' names, in the signature's order.
    let inputNames: CStringList
    /// The served outputs' names, in the signature's order.
    let outputNames: CStringList

    package var allocator: any TensorAllocator { HeapTensorAllocator() }

    /// Asks an opened model for its signature.
    init(
        handle: SessionHandle,
        modelName: String,
        hasDataDependentCost: Bool,
        warnings: [String]
    ) throws(EngineError) {
        let reader = SignatureReader(handle: handle, modelName: modelName)
        self.signature = try reader.makeSignature(hasDataDependentCost: hasDataDependentCost, warnings: warnings)
        self.handle = handle
        self.modelName = modelName
        self.inputNames = CStringList(signature.inputs.map(\.name))
        self.outputNames = CStringList(signature.outputs.map(\.name))
    }

    package func makeInstance() throws(EngineError) -> any ModelInstance {
        try ONNXRuntimeInstance(self)
    }
}
