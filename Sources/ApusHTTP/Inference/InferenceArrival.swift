internal import ApusCore
internal import ApusListener
internal import ApusProtocol

/// What is known of an inference besides its body: all that is left of its head when the answer takes time.
struct InferenceArrival: Sendable {
    let operation: AdmittedOperation
    let selector: ModelSelector
    let deadline: Deadline
    /// How the answer is to be compressed.
    let coding: ContentCoding
    /// Whether the answer is to say how long what took.
    let hasTiming: Bool
    /// Bytes of the body, as it came.
    let bytesIn: Int
    let exchange: HTTPExchange
}
