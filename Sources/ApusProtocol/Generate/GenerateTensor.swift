internal import ApusCore

/// Makes an input's tensor of a JSON value: a scalar is one element, an array as many as it has.
struct GenerateTensor {
    let input: TensorSpecification
    /// Where the value stands, for messages.
    let path: String

    func tensor(of value: JSONValue, memory: inout RequestMemory) throws(InferenceError) -> Tensor {
        let elements: [JSONValue] = if case .array(let elements) = value { elements } else { [value] }
        let shape = try shape(of: elements.count)
        let storage =
            input.dataType == .bytes
            ? try texts(elements, memory: &memory) : try numbers(elements, memory: &memory)
        return Tensor(dataType: input.dataType, shape: shape, storage: storage)
    }

    /// The model's shape with so many elements: fixed sizes first; of the others the innermost takes what is left.
    private func shape(of count: Int) throws(InferenceError) -> TensorShape {
        var left = count
        var sizes = input.shape
        for size in sizes where size > 0 {
            guard left % size == 0 else { throw mismatch(count) }
            left /= size
        }
        if let innermost = sizes.lastIndex(of: -1) {
            for index in sizes.indices where sizes[index] < 0 { sizes[index] = index == innermost ? left : 1 }
        } else if left != 1 {
            throw mismatch(count)
        }
        guard let shape = TensorShape(sizes), shape.elementCount == count else { throw mismatch(count) }
        return shape
    }

    private func mismatch(_ count: Int) -> InferenceError {
        let shape = "[\(input.shape.map(String.init).joined(separator: ","))]"
        return InferenceError(
            .invalidArgument,
            "unexpected number of elements in '\(path)': \(count) can't fill the shape \(shape)",
            field: path,
            expected: "elements for the shape \(shape)",
            got: "\(count) elements"
        )
    }

    private func texts(_ elements: [JSONValue], memory: inout RequestMemory) throws(InferenceError) -> TensorStorage {
        var byteCount = 0
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else { throw wrongType(element, index, "a string") }
            byteCount += 4 + text.utf8.count
        }
        try memory.chargeElements(elements.count)
        let storage = try memory.allocate(byteCount: byteCount, alignment: 1)
        unsafe storage.withUnsafeMutableBytes { bytes in
            var offset = 0
            for case .string(let text) in elements {
                let length = UInt32(truncatingIfNeeded: text.utf8.count)
                unsafe bytes.storeBytes(of: length.littleEndian, toByteOffset: offset, as: UInt32.self)
                offset += 4
                var text = text
                text.withUTF8 { utf8 in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(
                        from: UnsafeRawBufferPointer(utf8)
                    )
                    offset += utf8.count
                }
            }
        }
        return storage
    }

    private func numbers(_ elements: [JSONValue], memory: inout RequestMemory) throws(InferenceError) -> TensorStorage {
        let size = input.dataType.byteSize ?? 1
        let storage = try memory.allocate(byteCount: elements.count * size, alignment: input.dataType.alignment)
        try unsafe storage.withUnsafeMutableBytes { bytes throws(InferenceError) in
            for (index, element) in elements.enumerated() {
                var bits = try bits(of: element, index).littleEndian
                unsafe withUnsafeBytes(of: &bits) { source in
                    for byte in 0..<size { unsafe bytes[index * size + byte] = source[byte] }
                }
            }
        }
        return storage
    }

    /// An element's bits, in the lowest bytes of a word.
    private func bits(of value: JSONValue, _ index: Int) throws(InferenceError) -> UInt64 {
        switch input.dataType {
        case .bool:
            guard case .bool(let truth) = value else { throw wrongType(value, index, "true or false") }
            return truth ? 1 : 0
        case .uint8: return UInt64(try integer(value, index, UInt8.self))
        case .uint16: return UInt64(try integer(value, index, UInt16.self))
        case .uint32: return UInt64(try integer(value, index, UInt32.self))
        case .uint64: return try integer(value, index, UInt64.self)
        case .int8: return UInt64(truncatingIfNeeded: try integer(value, index, Int8.self))
        case .int16: return UInt64(truncatingIfNeeded: try integer(value, index, Int16.self))
        case .int32: return UInt64(truncatingIfNeeded: try integer(value, index, Int32.self))
        case .int64: return UInt64(truncatingIfNeeded: try integer(value, index, Int64.self))
        case .fp32: return UInt64(try float(value, index).bitPattern)
        case .fp64: return try real(value, index).bitPattern
        case .fp16:
            let half = Float16(try real(value, index))
            guard half.isFinite else { throw outOfRange(value, index) }
            return UInt64(half.bitPattern)
        case .bf16:
            let bits = try float(value, index).bitPattern
            // Rounded to even: what is cut off decides, and at half the last bit that stays.
            let rounded = bits &+ 0x7FFF &+ (bits &>> 16 & 1)
            guard Float(bitPattern: rounded & 0xFFFF_0000).isFinite else { throw outOfRange(value, index) }
            return UInt64(rounded &>> 16)
        case .bytes: throw wrongType(value, index, "a string")
        }
    }

    private func integer<Number: FixedWidthInteger>(
        _ value: JSONValue,
        _ index: Int,
        _ type: Number.Type
    ) throws(InferenceError) -> Number {
        let number: Number? =
            switch value {
            case .integer(let number): Number(exactly: number)
            case .unsigned(let number): Number(exactly: number)
            case .real(let number): Number(exactly: number)
            default: throw wrongType(value, index, "a number")
            }
        guard let number else { throw outOfRange(value, index) }
        return number
    }

    private func real(_ value: JSONValue, _ index: Int) throws(InferenceError) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .unsigned(let number): return Double(number)
        case .real(let number): return number
        default: throw wrongType(value, index, "a number")
        }
    }

    private func float(_ value: JSONValue, _ index: Int) throws(InferenceError) -> Float {
        let number = Float(try real(value, index))
        guard number.isFinite else { throw outOfRange(value, index) }
        return number
    }

    private func wrongType(_ value: JSONValue, _ index: Int, _ expected: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "unexpected value at '\(path)', element \(index): \(input.dataType.rawValue) takes \(expected), not "
                + value.kindName,
            field: path,
            expected: expected,
            got: value.kindName
        )
    }

    private func outOfRange(_ value: JSONValue, _ index: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "'\(path)', element \(index), is out of range for \(input.dataType.rawValue)",
            field: path,
            expected: "a number that \(input.dataType.rawValue) can hold"
        )
    }
}
