internal import ApusCore

/// Fills the memory of one tensor with the values of lists, as TensorFlow does: the last one is repeated where there are
/// too few, zero stands where there is none, and what is too many is left out.
///
/// Twice over the lists: the first time measures, so that memory is taken only for what the shape and the values say.
struct TensorFill {
    /// The input's name, for messages.
    let name: String
    /// The tensor's type.
    let dataType: DataType
    /// How many elements it has.
    let count: Int
    /// What the lists are in the messages.
    let list: ProtobufList
    /// The messages that hold them, one after the other.
    let messages: [Range<Int>]

    /// What the lists hold.
    private struct Measure {
        /// Elements, those too many among them.
        var elements = 0
        /// Bytes of the strings that are used.
        var byteCount = 0
        /// Bytes of the last of these.
        var last = 0
    }

    /// Memory for the tensor, charged before it is taken, and filled.
    ///
    /// - Parameters:
    ///   - bytes: The request.
    ///   - maxRepeatedBytes: The most bytes that a tensor may have whose last value is repeated: a few bytes would take
    ///     any amount of memory otherwise.
    ///   - memory: Where it comes from.
    /// - Returns: Memory for exactly `count` elements.
    /// - Throws: `invalidArgument` for a value that the type can't hold and for too much repetition, `resourceExhausted`
    ///   without memory.
    func storage(
        in bytes: RawSpan,
        maxRepeatedBytes: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        let measure = try self.measure(bytes)
        let byteCount = try byteCount(of: measure)
        guard measure.elements >= count || byteCount <= maxRepeatedBytes else {
            throw InferenceError(
                .invalidArgument,
                "tensor parsing error: \(name): its \(measure.elements) values would be repeated to \(count), which take "
                    + "\(byteCount) bytes, and at most \(maxRepeatedBytes) are filled that way",
                field: name,
                expected: "\(count) values",
                got: "\(measure.elements) values",
                hint: "send all values, in tensor_content"
            )
        }
        if dataType == .bytes { try memory.chargeElements(count) }
        let storage = try memory.allocate(byteCount: byteCount, alignment: dataType.alignment)
        if dataType == .bytes {
            try fillTexts(storage, bytes)
        } else if list.element.byteSize == dataType.byteSize {
            try copyNumbers(storage, bytes)
        } else {
            try convertNumbers(storage, bytes)
        }
        return storage
    }

    private func measure(_ bytes: RawSpan) throws(InferenceError) -> Measure {
        var measure = Measure()
        do throws(ProtobufFault) {
            for message in messages {
                var lists = ProtobufListReader(list, in: message)
                while let piece = try lists.next(in: bytes) {
                    if list.element == .bytes, measure.elements < count {
                        measure.last = piece.count
                        measure.byteCount += piece.count + 4
                    }
                    measure.elements += try list.count(in: piece, of: bytes)
                }
            }
        } catch {
            throw error.inferenceError
        }
        return measure
    }

    /// The bytes that the tensor takes.
    private func byteCount(of measure: Measure) throws(InferenceError) -> Int {
        let missing = max(count - measure.elements, 0)
        let (size, first) = dataType.byteSize.map { ($0, 0) } ?? (measure.last + 4, measure.byteCount)
        let (rest, overflow) = (dataType.byteSize == nil ? missing : count).multipliedReportingOverflow(by: size)
        let (byteCount, isTooMuch) = first.addingReportingOverflow(rest)
        guard !overflow, !isTooMuch else { throw ByteBudget.exhausted }
        return byteCount
    }

    /// Repeats the last element that was written, or zero, to the end.
    private func repeatLast(_ memory: UnsafeMutableRawBufferPointer, from written: Int, size: Int) {
        guard written < memory.count else { return }
        guard written > 0 else {
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        let last = unsafe UnsafeRawBufferPointer(rebasing: memory[written - size..<written])
        for offset in stride(from: written, to: memory.count, by: size) {
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + size]).copyMemory(from: last)
        }
    }

    /// Copies numbers that lie in the lists as they lie in memory.
    private func copyNumbers(_ storage: TensorStorage, _ bytes: RawSpan) throws(InferenceError) {
        let size = dataType.byteSize ?? 1
        try unsafe storage.withUnsafeMutableBytes { memory throws(InferenceError) in
            var offset = 0
            for message in messages {
                var lists = ProtobufListReader(list, in: message)
                while offset < memory.count, let piece = try lists.nextPiece(in: bytes) {
                    let used = piece.lowerBound..<min(piece.upperBound, piece.lowerBound + memory.count - offset)
                    unsafe bytes.extracting(used).withUnsafeBytes { source in
                        let end = offset + source.count
                        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<end]).copyMemory(from: source)
                        offset = end
                    }
                }
            }
            unsafe repeatLast(memory, from: offset, size: size)
        }
    }

    private func convertNumbers(_ storage: TensorStorage, _ bytes: RawSpan) throws(InferenceError) {
        switch dataType {
        case .bool: try fill(storage, bytes) { $0 > 1 ? nil : UInt8($0) }
        case .int8: try fill(storage, bytes) { Int8(exactly: Int64(bitPattern: $0)) }
        case .int16: try fill(storage, bytes) { Int16(exactly: Int64(bitPattern: $0)) }
        case .int32: try fill(storage, bytes) { Int32(exactly: Int64(bitPattern: $0)) }
        case .int64: try fill(storage, bytes) { Int64(bitPattern: $0) }
        case .uint8: try fill(storage, bytes) { UInt8(exactly: Int64(bitPattern: $0)) }
        case .uint16: try fill(storage, bytes) { UInt16(exactly: Int64(bitPattern: $0)) }
        case .uint32: try fill(storage, bytes) { UInt32(exactly: Int64(bitPattern: $0)) }
        case .uint64 where list.element == .uint64: try fill(storage, bytes) { $0 }
        case .uint64: try fill(storage, bytes) { UInt64(exactly: Int64(bitPattern: $0)) }
        case .fp64: try fill(storage, bytes) { Double(Float(bits: $0)).bitPattern }
        case .fp16 where list.element == .float: try fill(storage, bytes) { Float16(Float(bits: $0)).bitPattern }
        case .bf16 where list.element == .float: try fill(storage, bytes) { Float(bits: $0).roundedToBrain }
        // Both come as the bits of each element, in a list of 32-bit integers.
        case .fp16, .bf16: try fill(storage, bytes) { UInt16(exactly: Int64(bitPattern: $0)) }
        case .fp32, .bytes: throw InferenceError(.internalFailure, "\(dataType.rawValue) has lists of its own")
        }
    }

    /// Writes numbers; `convert` gives `nil` for what the type can't hold.
    @inline(__always)
    private func fill<Element: FixedWidthInteger & BitwiseCopyable>(
        _ storage: TensorStorage,
        _ bytes: RawSpan,
        _ convert: (UInt64) -> Element?
    ) throws(InferenceError) {
        let size = MemoryLayout<Element>.size
        try unsafe storage.withUnsafeMutableBytes { memory throws(InferenceError) in
            var offset = 0
            for message in messages {
                var lists = ProtobufListReader(list, in: message)
                while offset < memory.count, let piece = try lists.nextPiece(in: bytes) {
                    var reader = ProtobufReader(piece)
                    while offset < memory.count, reader.offset < reader.end {
                        let number = try list.nextNumber(&reader, in: bytes)
                        guard let element = convert(number) else { throw unfit(number, at: offset / size) }
                        unsafe memory.storeBytes(of: element.littleEndian, toByteOffset: offset, as: Element.self)
                        offset += size
                    }
                }
            }
            unsafe repeatLast(memory, from: offset, size: size)
        }
    }

    /// Writes strings, each behind its length, as BYTES have it.
    private func fillTexts(_ storage: TensorStorage, _ bytes: RawSpan) throws(InferenceError) {
        try unsafe storage.withUnsafeMutableBytes { memory throws(InferenceError) in
            var offset = 0
            var written = 0
            var last = 0..<0
            for message in messages {
                var lists = ProtobufListReader(list, in: message)
                while written < count, let piece = try lists.nextPiece(in: bytes) {
                    unsafe TensorFill.append(piece, of: bytes, to: memory, at: &offset)
                    last = piece
                    written += 1
                }
            }
            while written < count {
                unsafe TensorFill.append(last, of: bytes, to: memory, at: &offset)
                written += 1
            }
        }
    }

    private static func append(
        _ text: Range<Int>,
        of bytes: RawSpan,
        to memory: UnsafeMutableRawBufferPointer,
        at offset: inout Int
    ) {
        let length = UInt32(truncatingIfNeeded: text.count).littleEndian
        unsafe memory.storeBytes(of: length, toByteOffset: offset, as: UInt32.self)
        let start = offset + 4
        unsafe bytes.extracting(text).withUnsafeBytes { source in
            let place = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + source.count])
            unsafe place.copyMemory(from: source)
        }
        offset = start + text.count
    }

    private func unfit(_ number: UInt64, at index: Int) -> InferenceError {
        let value = list.element == .uint64 ? String(number) : String(Int64(bitPattern: number))
        return InferenceError(
            .invalidArgument,
            "element \(index) of input '\(name)': \(value) is out of range for \(dataType.rawValue)",
            field: name,
            expected: "a number that \(dataType.rawValue) can hold",
            got: value
        )
    }
}

extension ProtobufListReader {
    /// The next piece, for code that fails as requests do.
    mutating func nextPiece(in bytes: RawSpan) throws(InferenceError) -> Range<Int>? {
        do throws(ProtobufFault) {
            return try next(in: bytes)
        } catch {
            throw error.inferenceError
        }
    }
}

extension ProtobufList {
    /// The next number of a piece, for code that fails as requests do.
    @inline(__always)
    fileprivate func nextNumber(_ piece: inout ProtobufReader, in bytes: RawSpan) throws(InferenceError) -> UInt64 {
        do throws(ProtobufFault) {
            return try readNumber(&piece, in: bytes)
        } catch {
            throw error.inferenceError
        }
    }
}

extension Float {
    /// The number whose bits a list has.
    fileprivate init(bits: UInt64) {
        self.init(bitPattern: UInt32(truncatingIfNeeded: bits))
    }

    /// The upper half, rounded to the nearest, halves to even.
    fileprivate var roundedToBrain: UInt16 {
        guard !isNaN else { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bitPattern &+ 0x7FFF &+ ((bitPattern >> 16) & 1)) >> 16)
    }
}
