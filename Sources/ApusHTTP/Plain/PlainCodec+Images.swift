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
        guard let image = model.image, head.method == .post, case .image(let format) = PlainMediaType(head.mediaType)
        else { return nil }
        let outline = try images.outline(body.readableBytesUInt8Span, as: format)
        guard images.isLong(outline, byteCount: body.readableBytes, for: image) else { return nil }
        let form = PlainAnswerForm(
            form: PlainForm(.predictions),
            encoding: PlainAnswerForm.Encoding(head, hasHeader: false)
        )
        let images = images
        return LongDecoding { memory throws(InferenceError) in
            let tensor = try images.decode(
                body.readableBytesUInt8Span,
                outline: outline,
                for: image,
                memory: &memory
            )
            return InferenceQuestion(inputs: [NamedTensor(name: image.input, tensor: tensor)], form: form)
        }
    }

    /// Makes the input of a picture.
    func decodePicture(
        in body: ByteBuffer,
        format: ImageFormat,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> NamedTensor {
        guard let image = model.image else { throw InferenceError.noImageModel(model) }
        let file = body.readableBytesUInt8Span
        let outline = try images.outline(file, as: format)
        let tensor = try images.decode(file, outline: outline, for: image, memory: &memory)
        return NamedTensor(name: image.input, tensor: tensor)
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
