package import ApusCore
package import ApusEngine

/// A built-in model that gives its inputs back.
package final class IdentitySession: EngineSession {
    package let signature: ModelSignature
    package var allocator: any TensorAllocator { HeapTensorAllocator() }

    /// For messages.
    let modelName: String
    /// How long each run waits.
    let delayNanoseconds: Int64
    /// When it fails on purpose; `nil` for never.
    let failure: FailureRule?

    /// Takes a checked configuration.
    init(modelName: String, signature: ModelSignature, delayNanoseconds: Int64, failure: FailureRule? = nil) {
        self.modelName = modelName
        self.signature = signature
        self.delayNanoseconds = delayNanoseconds
        self.failure = failure
    }

    package func makeInstance() throws(EngineError) -> any ModelInstance {
        IdentityInstance(self)
    }
}
