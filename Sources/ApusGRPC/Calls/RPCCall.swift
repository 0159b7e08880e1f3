internal import ApusCore
internal import ApusListener
internal import GRPCCore

/// One call that the gate has let pass.
struct RPCCall: Sendable {
    /// What is asked for.
    let operation: Operation
    /// Who asks.
    let caller: Caller
    /// What the client said besides its messages.
    let metadata: Metadata
    /// When it came.
    let received: MonotonicTime
    /// When the client stops waiting.
    let deadline: Deadline
    private let gate: any Gate
    private let credentials: Credentials

    /// Asks the gate, before any message of the call is read.
    init(
        _ operation: Operation,
        metadata: Metadata,
        gate: any Gate,
        time: any TimeSource
    ) throws(InferenceError) {
        self.operation = operation
        self.metadata = metadata
        self.gate = gate
        self.received = time.now
        var authorization = ""
        for value in metadata[stringValues: "authorization"] {
            authorization = value
            break
        }
        self.credentials = Credentials(authorization: authorization)
        var timeout: Int64?
        for value in metadata[stringValues: "grpc-timeout"] { timeout = GRPCTimeout.nanoseconds(value) }
        self.deadline = Deadline(time: timeout.map { [received] in received.advanced(byNanoseconds: $0) })
        switch gate.decide(operation, model: nil, credentials: credentials) {
        case .allow(let caller): self.caller = caller
        case .deny(let error): throw error
        }
    }

    /// Asks the gate once more, now that the message has named a model.
    func check(_ model: ModelName) throws(InferenceError) {
        try check(operation, of: model)
    }

    /// Asks the gate for more than the method alone stands for, now that the message has said what it wants.
    func check(_ operation: Operation, of model: ModelName? = nil) throws(InferenceError) {
        if case .deny(let error) = gate.decide(operation, model: model, credentials: credentials) { throw error }
    }

    /// Whether a metadata key has this value.
    func has(_ key: String, _ value: String) -> Bool {
        metadata[stringValues: key].contains { $0 == value }
    }
}
