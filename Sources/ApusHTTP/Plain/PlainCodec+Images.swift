internal import ApusCore
internal import ApusImages
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Pictures as bodies: small ones are decoded where they are, others on another thread.
extension PlainCodec {
    func longDecoding(
        of body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription
    ) throws(InferenceError) -> LongDecoding<PlainAnswerForm>? {
        guard model.image != nil, head.method == .post, case .image(let format) = PlainMediaType(head.mediaType)
        else { return nil }
        let picture = try picture(in: body, format: format, model: model)
        guard picture.isLong else { return nil }
        let encoding = PlainAnswerForm.Encoding(head, hasHeader: false)
        return LongDecoding { memory throws(InferenceError) in
            PlainCodec.question(of: try picture.request(memory: &memory), encoding: encoding)
        }
    }

    /// Reads a picture's header.
    ///
    /// - Throws: What keeps it from being decoded, as far as its header tells.
    func picture(
        in body: ByteBuffer,
        format: ImageFormat,
        model: ModelDescription
    ) throws(InferenceError) -> PlainPicture {
        guard let input = model.image else { throw InferenceError.noImageModel(model) }
        let outline = try images.outline(body.readableBytesUInt8Span, as: format)
        return PlainPicture(body: body, outline: outline, input: input, decoder: images)
    }

    /// The refusal of a picture that was sent as something else and so couldn't be read; `nil` when it is none.
    func misplacedPicture(in body: ByteBuffer, head: HTTPRequestHead) -> InferenceError? {
        if case .image = PlainMediaType(head.mediaType) { return nil }
        guard let format = ImageFormat(of: body.readableBytesUInt8Span) else { return nil }
        let type = head.mediaType.isEmpty ? "no Content-Type" : "Content-Type '\(head.mediaType)'"
        return InferenceError(
            .unsupportedMediaType,
            "the body is a \(format.rawValue) and came with \(type)",
            field: "Content-Type",
            expected: format.mediaType,
            got: head.mediaType,
            hint: "say what it is: curl -H 'Content-Type: \(format.mediaType)' --data-binary @FILE"
        )
    }
}

/// A picture whose header has been read.
struct PlainPicture: Sendable {
    let body: ByteBuffer
    let outline: ImageOutline
    let input: ImageInput
    let decoder: ImageDecoder

    /// Whether decoding it is too much for an event loop.
    var isLong: Bool { decoder.isLong(outline, byteCount: body.readableBytes, for: input) }

    /// Decodes it.
    func request(memory: inout RequestMemory) throws(InferenceError) -> PlainRequest {
        let file = body.readableBytesUInt8Span
        let tensor = try decoder.decode(file, outline: outline, for: input, memory: &memory)
        return PlainRequest(inputs: [NamedTensor(name: input.input, tensor: tensor)], form: PlainForm(.predictions))
    }
}
