package import ApusCore

extension Tensor {
    /// A tensor of fixed-size elements in memory of its own.
    ///
    /// - Parameters:
    ///   - type: The element type; the elements must be as wide.
    ///   - dimensions: The sizes; `nil` for one dimension.
    ///   - elements: Integers or bit patterns, row-major.
    package init<Element: FixedWidthInteger>(_ type: DataType, _ dimensions: [Int]? = nil, elements: [Element]) {
        var bytes: [UInt8] = []
        for element in elements {
            var rest = element.littleEndian
            for _ in 0..<Element.bitWidth / 8 {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest = Element.bitWidth > 8 ? rest >> 8 : 0
            }
        }
        self.init(type, dimensions ?? [elements.count], bytes: bytes)
    }

    /// An FP32 tensor.
    package init(_ dimensions: [Int]? = nil, floats: [Float]) {
        self.init(.fp32, dimensions ?? [floats.count], elements: floats.map(\.bitPattern))
    }

    /// A BYTES tensor.
    package init(_ dimensions: [Int]? = nil, texts: [String]) {
        var bytes: [UInt8] = []
        for text in texts {
            var length = UInt32(text.utf8.count)
            for _ in 0..<4 {
                bytes.append(UInt8(truncatingIfNeeded: length))
                length >>= 8
            }
            bytes += text.utf8
        }
        self.init(.bytes, dimensions ?? [texts.count], bytes: bytes)
    }

    /// A tensor of bytes as they lie in memory; a shape that isn't one ends the test.
    package init(_ type: DataType, _ dimensions: [Int], bytes: [UInt8]) {
        guard let shape = TensorShape(dimensions), let storage = TensorStorage(copying: bytes) else {
            preconditionFailure("no tensor has the shape \(dimensions)")
        }
        self.init(dataType: type, shape: shape, storage: storage)
    }

    /// The bytes as they lie in memory.
    package var byteArray: [UInt8] {
        let span = storage.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.byteCount)
        for offset in 0..<span.byteCount {
            bytes.append(unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
        return bytes
    }

    /// The elements of an FP32 tensor.
    package var floats: [Float] {
        let bytes = byteArray
        return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
            Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}
