internal import ApusCore
internal import ApusImages
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Inferences in plain JSON, CSV, raw bytes or pictures, for people with curl; `docs/plain-json.md` has the rules.
struct PlainCodec: InferenceCodec {
    private let decoder: PlainDecoder
    let images: ImageDecoder

    let refusalForm = PlainAnswerForm(form: PlainForm(.value), encoding: .json)

    /// Makes the codec of one event loop; `nil` when there is no memory.
    init?(limits: InputLimits, libraries: ImageLibraries) {
        guard let decoder = PlainDecoder(limits: limits) else { return nil }
        self.decoder = decoder
        self.images = ImageDecoder(libraries: libraries, maxPixels: limits.maxImagePixels)
    }

    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<PlainAnswerForm> {
        let request: PlainRequest
        do throws(InferenceError) {
            request = try self.request(in: body, head: head, model: model, memory: &memory)
        } catch {
            throw misplacedPicture(in: body, head: head) ?? error
        }
        return PlainCodec.question(
            of: request,
            encoding: PlainAnswerForm.Encoding(head, hasHeader: request.hasHeader)
        )
    }

    /// What a request asks, to be answered in an encoding.
    static func question(
        of request: PlainRequest,
        encoding: PlainAnswerForm.Encoding
    ) -> InferenceQuestion<PlainAnswerForm> {
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
        case .image(let format):
            return try picture(in: body, format: format, model: model).request(memory: &memory)
        case nil:
            throw InferenceError(
                .unsupportedMediaType,
                "the body's Content-Type '\(head.mediaType)' is none that this server reads",
                field: "Content-Type",
                expected: model.image == nil ? PlainMediaType.names : PlainMediaType.namesWithPictures,
                got: head.mediaType,
                hint: "for JSON send Content-Type: application/json"
            )
        }
    }
}

/// What bodies of plain requests may be.
enum PlainMediaType: Equatable {
    case json
    case csv
    case raw
    case image(ImageFormat)

    /// Reads a media type; `nil` for one that isn't read.
    ///
    /// curl's own default for `-d` counts as JSON: people who try a server out leave the header away.
    init?(_ text: String) {
        switch text {
        case "", "application/json", "application/x-www-form-urlencoded", "text/json", "text/plain": self = .json
        case "text/csv", "application/csv": self = .csv
        case "application/octet-stream": self = .raw
        case "image/jpeg", "image/jpg": self = .image(.jpeg)
        case "image/png": self = .image(.png)
        default: return nil
        }
    }

    /// Those that people should use.
    static let names = "application/json, text/csv, application/octet-stream"
    /// Those for models of pictures.
    static let namesWithPictures = "image/jpeg, image/png, \(names)"
}
