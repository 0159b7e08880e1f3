internal import ApusCore
internal import Hummingbird
internal import Logging

/// What Hummingbird's router hands to the code of an operation.
struct OperationContext: RequestContext {
    /// Where a context comes from.
    struct Source: RequestContextSource {
        let logger: Logger
        let operation: AdmittedOperation
    }

    var coreContext: CoreRequestContextStorage
    /// The operation, and the model and version that the path names.
    let operation: AdmittedOperation

    init(source: Source) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.operation = source.operation
    }
}
