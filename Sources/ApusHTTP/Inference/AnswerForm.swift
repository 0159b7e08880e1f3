internal import ApusCore
internal import ApusListener
internal import NIOCore

/// How the answer to one inference over HTTP is to look.
protocol AnswerForm: Sendable {
    /// Writes an answer.
    ///
    /// - Throws: `tooLarge`, `resourceExhausted`, or `invalidArgument` for what the form can't carry; nothing has been
    ///   sent then, and the error is.
    func write(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError)

    /// The whole answer for a failure.
    func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8])
}

extension AnswerForm {
    func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        HTTPStatusTable.answer(to: error)
    }
}

/// Where an answer is written: its head, and a body whose memory is charged before it is taken.
struct AnswerWriter: ~Copyable {
    /// Status 200 and `application/json` unless the form says otherwise.
    var head = HTTPResponseHead(status: 200)
    /// The body.
    var body: HTTPResponseBody
    /// The most bytes that it may have.
    let maxBytes: Int
    private let budget: ByteBudget

    /// Starts an answer of the status 200.
    init(body: consuming HTTPResponseBody, services: EdgeServices) {
        self.body = body
        self.maxBytes = services.configuration.limits.maxAnswerBytes
        self.budget = services.budget
    }

    /// Charges and takes room for the whole body; called once, before writing, since a buffer that grows copies.
    ///
    /// - Throws: `resourceExhausted` when it doesn't fit the budget.
    mutating func reserve(_ byteCount: Int) throws(InferenceError) {
        if byteCount > RequestMemory.freeBytes {
            guard let charge = ByteCharge(byteCount, from: budget) else { throw ByteBudget.exhausted }
            body.charge = consume charge
        }
        body.buffer.reserveCapacity(minimumWritableBytes: byteCount)
    }
}
