internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Inferences in plain JSON, CSV or raw bytes, for people with curl; `docs/plain-json.md` has the rules.
struct PlainCodec: InferenceCodec {
    private let decoder: PlainDecoder
    private let limits: InputLimits

    let refusalForm = PlainAnswerForm(form: PlainForm(.value), encoding: .json)

    /// Makes the codec of one event loop; `nil` when there is no memory.
    init?(limits: InputLimits) {
        guard let decoder = PlainDecoder(limits: limits) else { return nil }
        self.decoder = decoder
        self.limits = limits
    }

    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<PlainAnswerForm> {
        let request = try request(in: body, head: head, model: model, memory: &memory)
        let encoding = PlainAnswerForm.Encoding(head, hasHeader: request.hasHeader)
        let form = PlainAnswerForm(form: request.form, encoding: encoding)
        var question = InferenceQuestion(inputs: request.inputs, form: form)
        question.id = request.parameters.id
        question.priority = request.parameters.priority
        question.timeoutMicroseconds = request.parameters.timeoutMicroseconds
        question.sequence = request.parameters.sequence
        question.parameters = request.parameters.parameters
        return question
    }

    private func request(
        in body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> PlainRequest {
        guard head.method == .post else {
            let query = PlainQuery(head)
            return try decoder.decode(list: query.inputData(model: model), model: model, memory: &memory)
        }
        switch PlainMediaType(head.mediaType) {
        case .json:
            return try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(InferenceError) in
                try unsafe decoder.decode(json: json, model: model, memory: &memory)
            }
        case .raw:
            return try decoder.decode(raw: NetworkBody(body), model: model, memory: &memory)
        case .csv:
            return try decoder.decode(csv: Array(body.readableBytesView), model: model, memory: &memory)
        case nil:
            throw InferenceError(
                .unsupportedMediaType,
                "the body's Content-Type '\(head.mediaType)' is none that this server reads",
                field: "Content-Type",
                expected: PlainMediaType.names,
                got: head.mediaType,
                hint: "for JSON send Content-Type: application/json"
            )
        }
    }
}

/// What bodies of plain requests may be.
enum PlainMediaType {
    case json
    case csv
    case raw

    /// Reads a media type; `nil` for one that isn't read.
    ///
    /// curl's own default for `-d` counts as JSON: people who try a server out leave the header away.
    init?(_ text: String) {
        switch text {
        case "", "application/json", "application/x-www-form-urlencoded", "text/json", "text/plain": self = .json
        case "text/csv", "application/csv": self = .csv
        case "application/octet-stream": self = .raw
        default: return nil
        }
    }

    /// Those that people should use.
    static let names = "application/json, text/csv, application/octet-stream"
}
