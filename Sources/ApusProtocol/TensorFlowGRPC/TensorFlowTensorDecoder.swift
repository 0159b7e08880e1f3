package import ApusCore

/// Makes a tensor of a TensorProto: of `tensor_content`, or of the list of its type.
struct TensorFlowTensorDecoder {
    /// A TensorProto as far as it says what it is.
    private struct Outline {
        var typeNumber = 0
        var sizes: [Int] = []
        var hasUnknownRank = false
        /// Where `tensor_content` lies; empty when there is none.
        var content = 0..<0
    }

    /// The input's name.
    let name: String
    /// The input in the model.
    let input: TensorSpecification
    let limits: InputLimits

    /// Decodes the message that lies at `range`.
    ///
    /// - Parameters:
    ///   - range: Where it lies.
    ///   - bytes: The request.
    ///   - body: The same bytes, to make the tensor of.
    ///   - memory: Where its memory comes from.
    /// - Returns: The tensor as it was sent; nothing has been compared with the model.
    /// - Throws: `invalidArgument` that names the input, `resourceExhausted` without memory.
    func decode(
        _ range: Range<Int>,
        in bytes: RawSpan,
        body: some BinaryBody,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let outline: Outline
        do throws(ProtobufFault) {
            outline = try read(range, in: bytes)
        } catch {
            throw error.inferenceError
        }
        guard let dataType = DataType(tensorFlowNumber: outline.typeNumber) else { throw wrongType(outline) }
        guard !outline.hasUnknownRank, let shape = TensorShape(outline.sizes), shape.elementCount <= limits.maxElements
        else { throw wrongShape(outline) }
        let storage: TensorStorage
        if outline.content.isEmpty {
            let fill = TensorFill(
                name: name,
                dataType: dataType,
                count: shape.elementCount,
                list: dataType.tensorFlowList,
                messages: [range]
            )
            storage = try fill.storage(in: bytes, maxRepeatedBytes: limits.maxBodyBytes, memory: &memory)
        } else {
            guard let byteCount = shape.byteCount(of: dataType), byteCount == outline.content.count else {
                throw wrongContent(outline, dataType, shape)
            }
            storage = try body.makeStorage(for: outline.content, alignment: dataType.alignment, memory: &memory)
            if dataType == .bool { try checkFlags(storage) }
        }
        return Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    /// Reads everything but the elements, and looks at the lists' form as protobuf's own decoders do.
    private func read(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) -> Outline {
        var outline = Outline()
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            switch (field.number, field.wire) {
            case (1, .varint): outline.typeNumber = Int(Int32(truncatingIfNeeded: try reader.readVarint(in: bytes)))
            case (2, .bytes): try readShape(reader.readBytes(in: bytes), in: bytes, into: &outline)
            case (4, .bytes): outline.content = try reader.readBytes(in: bytes)
            default:
                guard let list = TensorFlowTensorDecoder.lists[field.number] else {
                    try reader.skip(field, in: bytes)
                    continue
                }
                if let piece = try list.readPiece(field, of: &reader, in: bytes) {
                    _ = try list.count(in: piece, of: bytes)
                }
            }
        }
        return outline
    }

    private func readShape(
        _ range: Range<Int>,
        in bytes: RawSpan,
        into outline: inout Outline
    ) throws(ProtobufFault) {
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            switch (field.number, field.wire) {
            case (2, .bytes):
                let size = try TensorFlowTensorDecoder.size(reader.readBytes(in: bytes), in: bytes)
                // One more than there may be, so that it shows.
                if outline.sizes.count <= TensorShape.maxRank { outline.sizes.append(size) }
            case (3, .varint): outline.hasUnknownRank = try reader.readVarint(in: bytes) != 0
            default: try reader.skip(field, in: bytes)
            }
        }
    }

    /// Reads the size of a dimension.
    private static func size(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) -> Int {
        var size = 0
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            switch (field.number, field.wire) {
            case (1, .varint): size = Int(Int64(bitPattern: try reader.readVarint(in: bytes)))
            case (2, .bytes): _ = try bytes.text(at: reader.readBytes(in: bytes))
            default: try reader.skip(field, in: bytes)
            }
        }
        return size
    }

    /// Every list that TensorProto has, by its number, those of types that no model has among them.
    private static let lists: [Int: ProtobufList] = {
        var lists: [Int: ProtobufList] = [:]
        for type in DataType.allCases { lists[type.tensorFlowList.number] = type.tensorFlowList }
        lists[9] = ProtobufList(number: 9, element: .float)
        lists[12] = ProtobufList(number: 12, element: .double)
        return lists
    }()

    private func checkFlags(_ storage: TensorStorage) throws(InferenceError) {
        let index = unsafe storage.withUnsafeBytes { bytes in unsafe bytes.firstIndex { $0 > 1 } }
        guard let index else { return }
        throw fault("element \(index) is neither 0 nor 1, as a bool must be", expected: "bytes of 0 and 1")
    }

    private func wrongType(_ outline: Outline) -> InferenceError {
        let got = DataType.tensorFlowName(ofNumber: outline.typeNumber)
        return fault(
            "its dtype is \(got), and the model's input is \(input.dataType.tensorFlowName)",
            expected: input.dataType.tensorFlowName,
            got: got
        )
    }

    private func wrongShape(_ outline: Outline) -> InferenceError {
        let sizes = outline.hasUnknownRank ? "of unknown rank" : "\(outline.sizes)"
        return fault(
            "invalid shape \(sizes): sizes are 0 or more, at most \(TensorShape.maxRank) of them, and their product must "
                + "fit the limit of \(limits.maxElements) elements",
            expected: "a shape within the limits",
            got: sizes
        )
    }

    private func wrongContent(_ outline: Outline, _ dataType: DataType, _ shape: TensorShape) -> InferenceError {
        guard dataType != .bytes else {
            return fault("strings are expected in string_val and not in tensor_content", expected: "string_val")
        }
        let wanted = shape.byteCount(of: dataType).map(String.init) ?? "too many"
        return fault(
            "tensor_content has \(outline.content.count) bytes, and \(dataType.tensorFlowName) of shape \(shape) takes "
                + wanted,
            expected: "\(wanted) bytes",
            got: "\(outline.content.count) bytes"
        )
    }

    /// What TensorFlow Serving says of a tensor that it can't read, and why.
    private func fault(_ words: String, expected: String, got: String = "") -> InferenceError {
        InferenceError(
            .invalidArgument,
            "tensor parsing error: \(name): \(words)",
            field: "inputs['\(name)']",
            expected: expected,
            got: got
        )
    }
}

extension TensorFlowPredictMessage {
    /// Makes the model's inputs, in its order, of the message's tensors.
    ///
    /// - Parameters:
    ///   - model: The model asked.
    ///   - bytes: The message.
    ///   - body: The same bytes, to make tensors of.
    ///   - limits: What requests may bring.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The inputs as they were sent; only their names have been compared with the model.
    /// - Throws: `invalidArgument` in TensorFlow Serving's words, `resourceExhausted` without memory.
    package func tensors(
        for model: ModelDescription,
        bytes: RawSpan,
        body: some BinaryBody,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        try checkNames(of: model)
        try checkFilter(of: model)
        var tensors: [NamedTensor] = []
        for input in model.inputs {
            guard let range = inputs[input.name] else { continue }
            let decoder = TensorFlowTensorDecoder(name: input.name, input: input, limits: limits)
            let tensor = try decoder.decode(range, in: bytes, body: body, memory: &memory)
            tensors.append(NamedTensor(name: input.name, tensor: tensor))
        }
        return tensors
    }

    private func checkNames(of model: ModelDescription) throws(InferenceError) {
        let known = model.inputs.map(\.name)
        let extra = inputs.keys.filter { !known.contains($0) }
        let missing = model.inputs.filter { !$0.isOptional && inputs[$0.name] == nil }.map(\.name)
        guard !extra.isEmpty || !missing.isEmpty else { return }
        let sent = inputs.keys.shortList
        throw InferenceError(
            .invalidArgument,
            "input size does not match signature: \(inputs.count)!=\(known.count) len({\(sent)}) != "
                + "len({\(known.shortList)}). Sent extra: {\(extra.shortList)}. Missing but required: "
                + "{\(missing.shortList)}.",
            field: "inputs",
            expected: known.shortList,
            got: sent
        )
    }

    private func checkFilter(of model: ModelDescription) throws(InferenceError) {
        var seen: Set<String> = []
        for name in outputFilter {
            let short = name.prefix(TensorFlowModelSpec.maxQuoted)
            let known = model.outputs.map(\.name)
            guard known.contains(name) else {
                throw InferenceError(
                    .invalidArgument,
                    "output tensor alias not found in signature: \(short) Outputs expected to be in the set "
                        + "{\(known.shortList)}.",
                    field: "output_filter",
                    expected: known.shortList,
                    got: String(short)
                )
            }
            guard seen.insert(name).inserted else {
                throw InferenceError(
                    .invalidArgument,
                    "duplicate output tensor alias: \(short)",
                    field: "output_filter",
                    expected: "each output once",
                    got: "\(short) twice"
                )
            }
        }
    }
}

extension Collection<String> {
    /// A few names, sorted, and how many more there are: a request may have a thousand.
    fileprivate var shortList: String {
        let shown = sorted().prefix(50).map { String($0.prefix(100)) }.joined(separator: ",")
        return count > 50 ? shown + ", and \(count - 50) more" : shown
    }
}
