package import ApusCore

/// Encodes the answer to a predict request: a PredictResponse with each tensor in the list of its type, straight from
/// tensor memory.
package struct TensorFlowPredictAnswer: Sendable {
    private let outputs: [(name: String, message: TensorMessage)]
    private let spec: AnsweredModelSpec
    /// The bytes of the whole message, exactly.
    package let byteCount: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - model: The version that answered.
    ///   - outputs: The tensors.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it takes more, `invalidArgument` when it takes more than a message can.
    package init(model: ModelID, outputs: [NamedTensor], maxBytes: Int) throws(InferenceError) {
        self.outputs = outputs.map { ($0.name, TensorMessage($0.tensor)) }
        self.spec = AnsweredModelSpec(model)
        var count = ProtobufSize.field(byteCount: spec.byteCount)
        for output in self.outputs {
            count += ProtobufSize.field(byteCount: TensorFlowPredictAnswer.entryByteCount(output))
        }
        self.byteCount = count
        try V2MessageEncoder.check(count, maxBytes: maxBytes)
    }

    /// Writes the message; the span has room for `byteCount` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = ProtobufWriter(span)
        for output in outputs {
            writer.header(1, byteCount: TensorFlowPredictAnswer.entryByteCount(output))
            writer.string(1, output.name)
            writer.header(2, byteCount: output.message.byteCount)
            output.message.write(to: &writer)
        }
        writer.header(2, byteCount: spec.byteCount)
        spec.write(to: &writer)
        span = writer.finish()
    }

    private static func entryByteCount(_ output: (name: String, message: TensorMessage)) -> Int {
        ProtobufSize.string(output.name) + ProtobufSize.field(byteCount: output.message.byteCount)
    }
}

/// A ModelSpec that says which version answered.
struct AnsweredModelSpec: Sendable {
    private let model: ModelID
    private let name: String
    /// Its bytes, without tag and length.
    let byteCount: Int

    init(_ model: ModelID) {
        self.model = model
        self.name = model.name.description
        let version = ProtobufSize.tag + ProtobufSize.varint(UInt64(bitPattern: model.version.number))
        self.byteCount =
            ProtobufSize.string(name) + ProtobufSize.field(byteCount: version)
            + ProtobufSize.string(TensorFlowSignature.name)
    }

    func write(to writer: inout ProtobufWriter) {
        let version = UInt64(bitPattern: model.version.number)
        writer.string(1, name)
        writer.header(2, byteCount: ProtobufSize.tag + ProtobufSize.varint(version))
        writer.tag(1, .varint)
        writer.varint(version)
        writer.string(3, TensorFlowSignature.name)
    }
}

/// A TensorProto, measured out.
struct TensorMessage: Sendable {
    private let tensor: Tensor
    private let shapeByteCount: Int
    /// Of the packed list; `nil` for strings, which aren't packed.
    private let listByteCount: Int?
    /// Its bytes, without tag and length.
    let byteCount: Int

    init(_ tensor: Tensor) {
        self.tensor = tensor
        self.shapeByteCount = (0..<tensor.shape.rank).reduce(0) {
            $0 + ProtobufSize.field(byteCount: TensorMessage.dimensionByteCount(tensor.shape[$1]))
        }
        var count = ProtobufSize.tag + ProtobufSize.varint(UInt64(tensor.dataType.tensorFlowNumber))
        count += ProtobufSize.field(byteCount: shapeByteCount)
        if tensor.dataType == .bytes {
            self.listByteCount = nil
            count += TensorMessage.textsByteCount(tensor.storage)
        } else {
            let list = TensorMessage.listByteCount(tensor)
            self.listByteCount = list
            if list > 0 {
                // A tag of a number above 15 takes two bytes.
                let isLong = tensor.dataType.tensorFlowList.number > 15
                count += ProtobufSize.field(byteCount: list) + (isLong ? 1 : 0)
            }
        }
        self.byteCount = count
    }

    func write(to writer: inout ProtobufWriter) {
        writer.tag(1, .varint)
        writer.varint(UInt64(tensor.dataType.tensorFlowNumber))
        writer.header(2, byteCount: shapeByteCount)
        for axis in 0..<tensor.shape.rank {
            let size = tensor.shape[axis]
            writer.header(2, byteCount: TensorMessage.dimensionByteCount(size))
            guard size > 0 else { continue }
            writer.tag(1, .varint)
            writer.varint(UInt64(size))
        }
        let number = tensor.dataType.tensorFlowList.number
        guard let listByteCount else {
            var offset = 0
            while let text = TensorMessage.text(of: tensor.storage, at: offset) {
                writer.header(number, byteCount: text.count)
                writer.bytes(of: tensor.storage, in: text)
                offset = text.upperBound
            }
            return
        }
        guard listByteCount > 0 else { return }
        writer.header(number, byteCount: listByteCount)
        switch tensor.dataType {
        case .fp32, .fp64: writer.bytes(of: tensor.storage)
        default: for index in 0..<tensor.shape.elementCount { writer.varint(tensor.varint(at: index)) }
        }
    }

    private static func dimensionByteCount(_ size: Int) -> Int {
        size > 0 ? ProtobufSize.tag + ProtobufSize.varint(UInt64(size)) : 0
    }

    private static func listByteCount(_ tensor: Tensor) -> Int {
        switch tensor.dataType {
        case .fp32, .fp64: tensor.storage.byteCount
        default: (0..<tensor.shape.elementCount).reduce(0) { $0 + ProtobufSize.varint(tensor.varint(at: $1)) }
        }
    }

    private static func textsByteCount(_ storage: TensorStorage) -> Int {
        var count = 0
        var offset = 0
        while let text = text(of: storage, at: offset) {
            count += ProtobufSize.field(byteCount: text.count)
            offset = text.upperBound
        }
        return count
    }

    /// Where the element of BYTES lies whose length stands at `offset`; `nil` at the end.
    static func text(of storage: TensorStorage, at offset: Int) -> Range<Int>? {
        guard let length = BytesElements.length(in: storage.bytes, at: offset) else { return nil }
        return offset + 4..<offset + 4 + length
    }
}

extension Tensor {
    /// An element of a type of whole numbers, a flag, or the bits of a half, as a list of its type has it.
    fileprivate func varint(at index: Int) -> UInt64 {
        switch dataType {
        case .int8: UInt64(bitPattern: Int64(element(at: index, as: Int8.self)))
        case .int16: UInt64(bitPattern: Int64(element(at: index, as: Int16.self)))
        case .int32: UInt64(bitPattern: Int64(element(at: index, as: Int32.self)))
        case .int64, .uint64: element(at: index, as: UInt64.self)
        case .uint8: UInt64(element(at: index, as: UInt8.self))
        case .uint16, .fp16, .bf16: UInt64(element(at: index, as: UInt16.self))
        case .uint32: UInt64(element(at: index, as: UInt32.self))
        case .bool: element(at: index, as: UInt8.self) == 0 ? 0 : 1
        case .fp32, .fp64, .bytes: 0
        }
    }

    /// An element of a type of real numbers, in the width that TensorFlow Serving's results have.
    func real(at index: Int) -> Float {
        switch dataType {
        case .fp32: element(at: index, as: Float.self)
        case .fp64: Float(element(at: index, as: Double.self))
        case .fp16: Float(element(at: index, as: Float16.self))
        case .bf16: Float(bitPattern: UInt32(element(at: index, as: UInt16.self)) << 16)
        default: 0
        }
    }

    private func element<Element: BitwiseCopyable>(at index: Int, as type: Element.Type) -> Element {
        unsafe storage.withUnsafeBytes { memory in
            unsafe memory.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
        }
    }
}
