internal import ApusCore

extension DataType {
    /// The field of InferTensorContents that carries a type, and how one element is encoded in it.
    var contents: (number: Int, wire: ProtobufWire, name: String)? {
        switch self {
        case .bool: (1, .varint, "bool_contents")
        case .int8, .int16, .int32: (2, .varint, "int_contents")
        case .int64: (3, .varint, "int64_contents")
        case .uint8, .uint16, .uint32: (4, .varint, "uint_contents")
        case .uint64: (5, .varint, "uint64_contents")
        case .fp32: (6, .fixed32, "fp32_contents")
        case .fp64: (7, .fixed64, "fp64_contents")
        case .bytes: (8, .bytes, "bytes_contents")
        case .fp16, .bf16: nil
        }
    }
}

/// Makes a tensor of an input's typed contents.
///
/// Twice over the fields: the first time counts, so that memory is taken only for what is there and fits the shape.
struct V2MessageContents {
    let name: String
    let dataType: DataType
    let shape: TensorShape
    /// Which input of the request it is.
    let index: Int

    /// Makes the tensor.
    ///
    /// - Parameters:
    ///   - input: Where the input's message lies.
    ///   - bytes: The request.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The tensor, as large as the shape says.
    /// - Throws: What is wrong with the contents, or that there is no memory.
    func tensor(
        in input: Range<Int>,
        of bytes: RawSpan,
        memory: inout RequestMemory
    ) throws(V2MessageFault) -> Tensor {
        let measure = try self.measure(input, bytes)
        let byteCount = try byteCount(of: measure)
        let storage: TensorStorage
        do throws(InferenceError) {
            if dataType == .bytes { try memory.chargeElements(shape.elementCount) }
            storage = try memory.allocate(byteCount: byteCount, alignment: dataType.alignment)
        } catch {
            throw .request(.memory(error))
        }
        try fill(storage, from: input, bytes)
        return Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    /// What the fields hold.
    private struct Measure {
        var elements = 0
        /// Of BYTES elements together.
        var byteCount = 0
    }

    /// The bytes that the tensor takes, which must be those of the shape.
    private func byteCount(of measure: Measure) throws(V2MessageFault) -> Int {
        guard let size = dataType.byteSize else {
            guard measure.elements == shape.elementCount else {
                throw .strings(name: name, expected: shape.elementCount, got: measure.elements)
            }
            return measure.byteCount + 4 * measure.elements
        }
        guard measure.elements == shape.elementCount, let byteCount = shape.byteCount(of: dataType) else {
            throw .request(
                .byteSize(name: name, expected: shape.byteCount(of: dataType), got: measure.elements * size)
            )
        }
        return byteCount
    }

    private func measure(_ input: Range<Int>, _ bytes: RawSpan) throws(V2MessageFault) -> Measure {
        var measure = Measure()
        var lists = V2ContentsLists(input)
        while let list = try lists.next(in: bytes) {
            guard list.isOf(dataType) else { throw wrongField(list.number) }
            switch list.elements {
            case .bytes:
                measure.elements += 1
                measure.byteCount += list.range.count
            case .varint:
                for offset in list.range where unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) < 0x80 {
                    measure.elements += 1
                }
            case .fixed32: measure.elements += list.range.count / 4
            default: measure.elements += list.range.count / 8
            }
        }
        return measure
    }

    private func wrongField(_ number: Int) -> V2MessageFault {
        guard dataType.contents != nil else { return .onlyRaw(name: name, dataType: dataType) }
        let words = DataType.allCases.first { $0.contents?.number == number }?.contents?.name
        return .contentsField(name: name, dataType: dataType, got: words ?? "contents")
    }

    private func fill(_ storage: TensorStorage, from input: Range<Int>, _ bytes: RawSpan) throws(V2MessageFault) {
        switch dataType {
        case .bool: try fillNumbers(storage, input, bytes, wire: UInt64.self, as: UInt8.self) { $0 == 0 ? 0 : 1 }
        case .int8: try fillNumbers(storage, input, bytes, wire: Int32.self, as: Int8.self) { Int8(exactly: $0) }
        case .int16: try fillNumbers(storage, input, bytes, wire: Int32.self, as: Int16.self) { Int16(exactly: $0) }
        case .int32: try fillNumbers(storage, input, bytes, wire: Int32.self, as: Int32.self) { $0 }
        case .int64: try fillNumbers(storage, input, bytes, wire: Int64.self, as: Int64.self) { $0 }
        case .uint8: try fillNumbers(storage, input, bytes, wire: UInt32.self, as: UInt8.self) { UInt8(exactly: $0) }
        case .uint16:
            try fillNumbers(storage, input, bytes, wire: UInt32.self, as: UInt16.self) { UInt16(exactly: $0) }
        case .uint32: try fillNumbers(storage, input, bytes, wire: UInt32.self, as: UInt32.self) { $0 }
        case .uint64: try fillNumbers(storage, input, bytes, wire: UInt64.self, as: UInt64.self) { $0 }
        case .fp32, .fp64: try copyLists(storage, input, bytes, prefix: 0)
        case .bytes: try copyLists(storage, input, bytes, prefix: 4)
        case .fp16, .bf16: break
        }
    }

    /// Writes numbers of variable length; `convert` gives `nil` for what the type can't hold.
    @inline(__always)
    private func fillNumbers<Wire: FixedWidthInteger, Element: FixedWidthInteger & BitwiseCopyable>(
        _ storage: TensorStorage,
        _ input: Range<Int>,
        _ bytes: RawSpan,
        wire: Wire.Type,
        as element: Element.Type,
        _ convert: (Wire) -> Element?
    ) throws(V2MessageFault) {
        try unsafe storage.withUnsafeMutableBytes { memory throws(V2MessageFault) in
            var count = 0
            var lists = V2ContentsLists(input)
            while let list = try lists.next(in: bytes) {
                var reader = ProtobufReader(list.range)
                while reader.offset < reader.end {
                    let number = Wire(truncatingIfNeeded: try V2ContentsLists.varint(&reader, in: bytes))
                    guard let value = convert(number) else {
                        throw .range(index: index, element: count, dataType: dataType, got: String(number))
                    }
                    unsafe memory.storeBytes(
                        of: value.littleEndian,
                        toByteOffset: count * MemoryLayout<Element>.size,
                        as: Element.self
                    )
                    count += 1
                }
            }
        }
    }

    /// Copies what lies in the lists as it is, each part behind its length where the raw encoding has one.
    private func copyLists(
        _ storage: TensorStorage,
        _ input: Range<Int>,
        _ bytes: RawSpan,
        prefix: Int
    ) throws(V2MessageFault) {
        try unsafe storage.withUnsafeMutableBytes { memory throws(V2MessageFault) in
            var offset = 0
            var lists = V2ContentsLists(input)
            while let list = try lists.next(in: bytes) {
                if prefix > 0 {
                    let length = UInt32(truncatingIfNeeded: list.range.count).littleEndian
                    unsafe memory.storeBytes(of: length, toByteOffset: offset, as: UInt32.self)
                }
                offset += prefix
                unsafe bytes.extracting(list.range).withUnsafeBytes { source in
                    let end = offset + source.count
                    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<end]).copyMemory(from: source)
                    offset = end
                }
            }
        }
    }
}

/// Walks over the non-empty lists in the `contents` of one input, however many messages of them there are.
struct V2ContentsLists {
    /// Some elements of one field: a packed list, or one element.
    struct List {
        /// The field's number.
        let number: Int
        /// How an element is encoded.
        let elements: ProtobufWire
        /// Where the elements lie, without tags and lengths.
        let range: Range<Int>

        /// Whether it is the list of a type.
        func isOf(_ dataType: DataType) -> Bool {
            dataType.contents?.number == number
        }
    }

    private var input: ProtobufReader
    private var contents = ProtobufReader(0..<0)

    /// Starts at the front of an input's message.
    init(_ input: Range<Int>) {
        self.input = ProtobufReader(input)
    }

    /// The next list; `nil` at the end.
    mutating func next(in bytes: RawSpan) throws(V2MessageFault) -> List? {
        do throws(ProtobufFault) {
            while true {
                while let field = try contents.nextField(in: bytes) {
                    if let list = try readList(field, in: bytes) { return list }
                }
                guard let field = try input.nextField(in: bytes) else { return nil }
                if field.number == 5, field.wire == .bytes {
                    contents = ProtobufReader(try input.readBytes(in: bytes))
                } else {
                    try input.skip(field, in: bytes)
                }
            }
        } catch {
            throw .wire(error)
        }
    }

    /// Reads one field of InferTensorContents; `nil` for an empty list and for what isn't one.
    private mutating func readList(_ field: ProtobufField, in bytes: RawSpan) throws(ProtobufFault) -> List? {
        let elements: ProtobufWire? =
            switch field.number {
            case 1...5: .varint
            case 6: .fixed32
            case 7: .fixed64
            case 8: .bytes
            default: nil
            }
        guard let elements, field.wire == elements || field.wire == .bytes else {
            try contents.skip(field, in: bytes)
            return nil
        }
        let range: Range<Int>
        switch field.wire {
        case .bytes: range = try contents.readBytes(in: bytes)
        case .fixed32: range = try contents.readFixed(4)
        case .fixed64: range = try contents.readFixed(8)
        default:
            let start = contents.offset
            _ = try contents.readVarint(in: bytes)
            range = start..<contents.offset
        }
        guard elements != .bytes else { return List(number: field.number, elements: elements, range: range) }
        let size = elements == .fixed32 ? 4 : elements == .fixed64 ? 8 : 1
        guard range.count % size == 0 else { throw .truncated(at: range.upperBound) }
        if elements == .varint { try V2ContentsLists.checkEnd(of: range, in: bytes) }
        return range.isEmpty ? nil : List(number: field.number, elements: elements, range: range)
    }

    /// Refuses a packed list that ends within a number.
    private static func checkEnd(of range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        guard let last = range.last else { return }
        guard unsafe bytes.unsafeLoad(fromByteOffset: last, as: UInt8.self) < 0x80 else {
            throw .truncated(at: range.upperBound)
        }
    }

    /// Reads a number of a list.
    @inline(__always)
    static func varint(_ reader: inout ProtobufReader, in bytes: RawSpan) throws(V2MessageFault) -> UInt64 {
        do throws(ProtobufFault) {
            return try reader.readVarint(in: bytes)
        } catch {
            throw .wire(error)
        }
    }
}
