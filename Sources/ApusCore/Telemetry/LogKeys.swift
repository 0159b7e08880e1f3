/// The metadata keys of log lines; sentences are static, facts go under these.
package enum LogKeys {
    /// The id that a client gave its request.
    package static let requestID = "request_id"
    /// A model's name.
    package static let model = "model"
    /// A version's number.
    package static let version = "version"
    /// Input tensors: names, types and shapes.
    package static let inputs = "inputs"
    /// Output tensors: names, types and shapes.
    package static let outputs = "outputs"
    /// The HTTP status of an answer.
    package static let status = "status"
    /// The label of an error's code.
    package static let code = "code"
    /// From the request's head to its answer.
    package static let latency = "latency_ms"
    /// Time in the queue.
    package static let queue = "queue_ms"
    /// Preparing inputs.
    package static let computeInput = "compute_input_ms"
    /// Computing.
    package static let computeInfer = "compute_infer_ms"
    /// Preparing outputs.
    package static let computeOutput = "compute_output_ms"
    /// Reading the body.
    package static let decode = "decode_ms"
    /// What was asked for.
    package static let operation = "operation"
    /// Bytes of the request's body.
    package static let bytesIn = "bytes_in"
    /// Bytes of the answer's body.
    package static let bytesOut = "bytes_out"
    /// Why, in words.
    package static let reason = "reason"
    /// A path in the file system.
    package static let path = "path"
    /// Host and port.
    package static let address = "address"
    /// An engine's name.
    package static let engine = "engine"
    /// A member, field or setting.
    package static let field = "field"
    /// How many.
    package static let count = "count"
    /// How long something took.
    package static let duration = "duration_ms"
    /// Lines like this one that were left out before it.
    package static let suppressed = "suppressed"
    /// The hash of what a request asks, which tells requests apart and says nothing of what they hold.
    package static let contentHash = "content_hash"
}
