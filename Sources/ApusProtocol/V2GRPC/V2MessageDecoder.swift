package import ApusCore

/// Decodes ModelInferRequest straight from its bytes: no generated message, no copy of raw contents that lie aligned.
///
/// One belongs to one event loop. It takes what protobuf's own decoders take (fields in any order, the last one of a
/// field that comes twice, unknown fields, packed lists or not) and holds it to the rules of the v2 protocol. What comes
/// out is what the HTTP decoder makes of JSON, so that everything behind it is the same.
package final class V2MessageDecoder {
    /// One request while it is decoded.
    struct Context {
        let model: ModelDescription
        let outline: V2MessageOutline
        /// The next entry of `raw_input_contents`.
        var nextRaw = 0

        var hasRaw: Bool { !outline.raw.isEmpty }
    }

    let limits: InputLimits
    let sharedMemory: any SharedMemoryRegions
    /// The sizes of the shape that is being read.
    var dimensions: [Int] = []
    /// Memory for outlines, from request to request.
    private var spareOutline = V2MessageOutline()

    /// Makes a decoder.
    package init(limits: InputLimits, sharedMemory: any SharedMemoryRegions = NoSharedMemory()) {
        self.limits = limits
        self.sharedMemory = sharedMemory
    }

    /// Finds out which model a request asks for and where its parts lie.
    ///
    /// - Throws: `invalidArgument` for bytes that are no such message or have too many parts.
    package func outline(_ bytes: RawSpan) throws(InferenceError) -> V2MessageOutline {
        var outline = spareOutline
        spareOutline = V2MessageOutline()
        outline.clear()
        do throws(V2MessageFault) {
            try outline.read(bytes, limits: limits)
            return outline
        } catch {
            throw error.inferenceError(model: outline.modelName)
        }
    }

    /// Decodes a request.
    ///
    /// - Parameters:
    ///   - outline: What `outline(_:)` said of the same bytes.
    ///   - bytes: The message.
    ///   - body: The same bytes, to make tensors of.
    ///   - model: The model asked.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The request as it was said; nothing has been compared with the model.
    /// - Throws: `invalidArgument` that names the field at fault, `resourceExhausted` without memory.
    package func decode(
        _ outline: consuming V2MessageOutline,
        bytes: RawSpan,
        body: some BinaryBody,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> V2InferRequest {
        var context = Context(model: model, outline: outline)
        defer { spareOutline = context.outline }
        do throws(V2MessageFault) {
            var request = V2InferRequest()
            request.id = context.outline.id
            request.binaryDataOutput = true
            if !context.outline.parameters.isEmpty {
                request.take(try V2RequestParameters(context.outline.parameters, in: bytes))
            }
            request.outputs.reserveCapacity(context.outline.outputs.count)
            for (index, range) in context.outline.outputs.enumerated() {
                request.outputs.append(try decodeOutput(range, index: index, in: bytes))
            }
            request.inputs.reserveCapacity(context.outline.inputs.count)
            for index in context.outline.inputs.indices {
                request.inputs.append(
                    try decodeInput(index, in: bytes, body: body, context: &context, memory: &memory)
                )
            }
            guard context.nextRaw == context.outline.raw.count else {
                throw V2MessageFault.rawCount(expected: context.nextRaw, got: context.outline.raw.count)
            }
            return request
        } catch {
            throw error.inferenceError(model: model)
        }
    }

    private func decodeOutput(
        _ range: Range<Int>,
        index: Int,
        in bytes: RawSpan
    ) throws(V2MessageFault) -> V2RequestedOutput {
        var name = ""
        var wish = V2OutputWish()
        var fault: V2MessageFault?
        do throws(ProtobufFault) {
            var reader = ProtobufReader(range)
            while let field = try reader.nextField(in: bytes) {
                switch (field.number, field.wire) {
                case (1, .bytes): name = try bytes.text(at: reader.readBytes(in: bytes))
                case (2, .bytes):
                    // One after the other, and none is kept: there may be as many as the message is long.
                    fault = wish.take(try V2MessageParameter(reader.readBytes(in: bytes), in: bytes)) ?? fault
                default: try reader.skip(field, in: bytes)
                }
            }
        } catch {
            throw .wire(error)
        }
        guard !name.isEmpty else {
            throw .request(.missing(field: "outputs[\(index)].name", expected: "a string"))
        }
        if let fault { throw fault }
        do throws(V2DecodingFault) {
            let special = try wish.special(of: sharedMemory, limits: limits, place: "outputs[\(index)].parameters")
            return V2RequestedOutput(name: name, isBinary: true, special: special)
        } catch {
            throw .request(error)
        }
    }
}

extension V2InferRequest {
    /// Notes what the request's parameters say.
    fileprivate mutating func take(_ parameters: V2RequestParameters) {
        priority = parameters.priority
        timeoutMicroseconds = parameters.timeoutMicroseconds
        sequence = parameters.sequence
        wantsEmptyFinal = parameters.wantsEmptyFinal
        self.parameters = parameters.others
    }
}
