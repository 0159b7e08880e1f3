internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// A protocol's way to put an inference into HTTP: which model a request means, what its body says.
///
/// `InferRoute` does what all protocols share (lease, compression, deadline, submission, reports) and is specialised for
/// each codec. A codec belongs to one event loop.
protocol InferenceCodec: SendableMetatype {
    /// How the protocol's answers and errors look.
    associatedtype Form: AnswerForm

    /// The form of the answer to something that was refused before it was decoded.
    var refusalForm: Form { get }

    /// Which model a request asks for.
    ///
    /// - Throws: `invalidArgument` or `notFound` in the protocol's words.
    func selector(of operation: AdmittedOperation, head: HTTPRequestHead) throws(InferenceError) -> ModelSelector

    /// Says in the protocol's words why a request was refused before it was submitted.
    ///
    /// - Parameters:
    ///   - error: The refusal.
    ///   - selector: The model asked for; `nil` when the path names none that there can be.
    /// - Returns: The refusal to answer with.
    func refusal(_ error: InferenceError, of selector: ModelSelector?) -> InferenceError

    /// The id of a request that is refused before its body is decoded.
    ///
    /// - Parameters:
    ///   - body: As it came, compressed perhaps.
    ///   - head: What came before it.
    /// - Returns: Empty when it has none, or none that can be read at once.
    func id(of body: ByteBuffer, head: HTTPRequestHead) -> String

    /// Reads a body, already decompressed, into memory of the model.
    ///
    /// - Throws: `invalidArgument` for what isn't well formed or doesn't fit the model, `resourceExhausted` without
    ///   memory.
    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<Form>

    /// The decoding of a body, already decompressed, that is too much for the event loop.
    ///
    /// - Returns: `nil` to have it decoded at once, by `decode`.
    /// - Throws: What `decode` would, as far as a short look tells.
    func longDecoding(
        of body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription
    ) throws(InferenceError) -> LongDecoding<Form>?

    /// Whether models may be asked that give none or many answers.
    var takesDecoupledModels: Bool { get }

    /// Makes what takes the answers to a request; on its event loop.
    func makeSink(
        _ exchange: HTTPExchange,
        question: InferenceQuestion<Form>,
        wish: InferenceWish,
        services: EdgeServices,
        reporter: RequestReporter
    ) -> any AnswerSink
}

/// What a request said of its answer besides the protocol's own form.
struct InferenceWish: Sendable {
    /// The request's id; empty when none was sent.
    let id: String
    /// How the answer may be compressed.
    let coding: ContentCoding
    /// Whether it is to have `Server-Timing`.
    let hasTiming: Bool
}

extension InferenceCodec {
    var takesDecoupledModels: Bool { false }

    func makeSink(
        _ exchange: HTTPExchange,
        question: InferenceQuestion<Form>,
        wish: InferenceWish,
        services: EdgeServices,
        reporter: RequestReporter
    ) -> any AnswerSink {
        InferenceAnswerSink(
            exchange: exchange,
            form: question.form,
            wish: wish,
            services: services,
            reporter: reporter
        )
    }

    func selector(of operation: AdmittedOperation, head: HTTPRequestHead) throws(InferenceError) -> ModelSelector {
        try operation.selector()
    }

    func refusal(_ error: InferenceError, of selector: ModelSelector?) -> InferenceError { error }

    func id(of body: ByteBuffer, head: HTTPRequestHead) -> String { "" }

    func longDecoding(
        of body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription
    ) throws(InferenceError) -> LongDecoding<Form>? { nil }
}

/// What a request asks a model, whatever protocol it came by, and how it wants its answer.
struct InferenceQuestion<Form: AnswerForm>: Sendable {
    /// The caller's name for the request; empty when none was sent.
    var id = ""
    /// Input tensors by name, in the request's order.
    var inputs: [NamedTensor]
    /// Names of the outputs wanted; empty for all.
    var requestedOutputs: [String] = []
    /// 0 is the default level, 1 the highest.
    var priority: UInt64 = 0
    /// Microseconds that the request may take by the protocol's own word; 0 for no limit.
    var timeoutMicroseconds: UInt64 = 0
    /// Its place in a sequence; `nil` when it names none.
    var sequence: SequencePosition?
    /// Parameters that aren't the protocol's own.
    var parameters: [String: ParameterValue] = [:]
    /// How the answer is to look.
    var form: Form
}

extension InferenceQuestion {
    /// Asks with inputs and nothing else.
    init(inputs: [NamedTensor], form: Form) {
        self.init(inputs: inputs, sequence: nil, form: form)
    }
}
