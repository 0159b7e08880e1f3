package import ApusCore

/// Encodes the answer to a v2 inference request as a ModelInferResponse, its tensors in `raw_output_contents`.
package struct V2MessageEncoder: Sendable {
    /// Which message it is.
    package enum Form: Sendable {
        /// A ModelInferResponse.
        case response
        /// A ModelStreamInferResponse around it.
        case streamResponse
    }

    private let form: Form
    private let id: String
    private let name: String
    private let version: String
    private let parameters: [(name: String, value: ParameterValue)]
    private let outputs: [NamedTensor]
    /// Which outputs' bytes go elsewhere; `nil` for none.
    private let wishes: V2OutputForm?
    /// The bytes of the ModelInferResponse.
    private let responseByteCount: Int
    /// The bytes of the whole message, exactly.
    package let byteCount: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - id: The request's id; may be empty.
    ///   - model: The version that answered.
    ///   - outputs: The tensors, in the order to be sent.
    ///   - wishes: Which outputs' bytes go elsewhere; `nil` for none.
    ///   - parameters: The response's parameters.
    ///   - form: The message.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `invalidArgument` when it takes more than a protobuf message can, `tooLarge` when it takes more than
    ///   is allowed.
    package init(
        id: String,
        model: ModelID,
        outputs: [NamedTensor],
        wishes: V2OutputForm? = nil,
        parameters: [(name: String, value: ParameterValue)] = [],
        form: Form = .response,
        maxBytes: Int
    ) throws(InferenceError) {
        self.form = form
        self.id = id
        self.name = model.name.description
        self.version = model.version.description
        self.parameters = parameters
        self.outputs = outputs
        self.wishes = wishes
        var count = ProtobufSize.string(name) + ProtobufSize.string(version)
        if !id.isEmpty { count += ProtobufSize.string(id) }
        for parameter in parameters {
            count += ProtobufSize.field(byteCount: V2MessageEncoder.byteCount(of: parameter))
        }
        for output in outputs {
            count += ProtobufSize.field(byteCount: V2MessageEncoder.byteCount(of: output))
            count += ProtobufSize.field(byteCount: V2MessageEncoder.rawByteCount(of: output, wishes))
        }
        self.responseByteCount = count
        self.byteCount = form == .response ? count : ProtobufSize.field(byteCount: count)
        try V2MessageEncoder.check(byteCount, maxBytes: maxBytes)
    }

    /// Writes the message; the span has room for `byteCount` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = ProtobufWriter(span)
        if form == .streamResponse { writer.header(2, byteCount: responseByteCount) }
        writer.string(1, name)
        writer.string(2, version)
        if !id.isEmpty { writer.string(3, id) }
        for parameter in parameters { V2MessageEncoder.write(parameter, to: &writer) }
        for output in outputs { V2MessageEncoder.write(output, to: &writer) }
        // One for each output, empty ones too: clients find them by their index.
        for output in outputs {
            let byteCount = V2MessageEncoder.rawByteCount(of: output, wishes)
            writer.header(6, byteCount: byteCount)
            if byteCount > 0 { writer.bytes(of: output.tensor.storage) }
        }
        span = writer.finish()
    }

    /// Checks that an answer isn't larger than a message may be.
    static func check(_ byteCount: Int, maxBytes: Int) throws(InferenceError) {
        guard byteCount <= Int(Int32.max) else {
            throw InferenceError(
                .invalidArgument,
                "the answer has \(byteCount) bytes, more than the \(Int32.max) that a gRPC message can have",
                expected: "an answer of at most \(Int32.max) bytes",
                got: "\(byteCount) bytes",
                hint: "ask for fewer outputs or a smaller batch at once"
            )
        }
        guard byteCount <= maxBytes else {
            throw InferenceError(
                .tooLarge,
                "the answer is larger than allowed: \(byteCount) bytes, and max_answer_bytes is \(maxBytes)",
                expected: "an answer of at most \(maxBytes) bytes",
                got: "\(byteCount) bytes",
                hint: "ask for fewer outputs or a smaller batch at once"
            )
        }
    }

    // MARK: One output

    /// How many bytes of an output the message has: none when they go elsewhere.
    private static func rawByteCount(of output: NamedTensor, _ wishes: V2OutputForm?) -> Int {
        wishes?.place(of: output.name) == .elsewhere ? 0 : output.tensor.storage.byteCount
    }

    private static func byteCount(of output: NamedTensor) -> Int {
        let shape = output.tensor.shape
        var count = ProtobufSize.string(output.name) + ProtobufSize.string(output.tensor.dataType.rawValue)
        if shape.rank > 0 { count += ProtobufSize.field(byteCount: packedByteCount(of: shape)) }
        return count
    }

    private static func packedByteCount(of shape: TensorShape) -> Int {
        (0..<shape.rank).reduce(0) { $0 + ProtobufSize.varint(UInt64(shape[$1])) }
    }

    private static func write(_ output: NamedTensor, to writer: inout ProtobufWriter) {
        let shape = output.tensor.shape
        writer.header(5, byteCount: byteCount(of: output))
        writer.string(1, output.name)
        writer.string(2, output.tensor.dataType.rawValue)
        guard shape.rank > 0 else { return }
        writer.header(3, byteCount: packedByteCount(of: shape))
        for axis in 0..<shape.rank { writer.varint(UInt64(shape[axis])) }
    }

    // MARK: One parameter

    private static func byteCount(of parameter: (name: String, value: ParameterValue)) -> Int {
        ProtobufSize.string(parameter.name) + ProtobufSize.field(byteCount: byteCount(of: parameter.value))
    }

    private static func byteCount(of value: ParameterValue) -> Int {
        switch value {
        case .bool: ProtobufSize.tag + 1
        case .int(let number): ProtobufSize.tag + ProtobufSize.varint(UInt64(bitPattern: number))
        case .string(let text): ProtobufSize.string(text)
        case .double: ProtobufSize.tag + 8
        case .uint(let number): ProtobufSize.tag + ProtobufSize.varint(number)
        }
    }

    /// Writes an entry of the response's parameters.
    private static func write(
        _ parameter: (name: String, value: ParameterValue),
        to writer: inout ProtobufWriter
    ) {
        writer.header(4, byteCount: byteCount(of: parameter))
        writer.string(1, parameter.name)
        writer.header(2, byteCount: byteCount(of: parameter.value))
        switch parameter.value {
        case .bool(let value):
            writer.tag(1, .varint)
            writer.varint(value ? 1 : 0)
        case .int(let number):
            writer.tag(2, .varint)
            writer.varint(UInt64(bitPattern: number))
        case .string(let text): writer.string(3, text)
        case .double(let number):
            writer.tag(4, .fixed64)
            writer.fixed64(number.bitPattern)
        case .uint(let number):
            writer.tag(5, .varint)
            writer.varint(number)
        }
    }
}

/// Encodes the ModelStreamInferResponse of a request that failed, after which the stream goes on.
package struct V2MessageFailure: Sendable {
    private let message: String
    private let id: String

    /// Prepares the message.
    package init(_ error: InferenceError, id: String) {
        self.message = error.message
        self.id = id
    }

    /// The bytes of the whole message, exactly.
    package var byteCount: Int { ProtobufSize.string(message) + ProtobufSize.field(byteCount: responseByteCount) }

    private var responseByteCount: Int { id.isEmpty ? 0 : ProtobufSize.string(id) }

    /// Writes the message; the span has room for `byteCount` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = ProtobufWriter(span)
        writer.string(1, message)
        writer.header(2, byteCount: responseByteCount)
        if !id.isEmpty { writer.string(3, id) }
        span = writer.finish()
    }
}
