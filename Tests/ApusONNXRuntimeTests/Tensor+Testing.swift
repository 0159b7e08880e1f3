import ApusCore

extension Tensor {
    /// A tensor of some bytes.
    init(_ type: DataType, _ dimensions: [Int], bytes: [UInt8]) {
        self.init(dataType: type, shape: TensorShape(dimensions)!, storage: TensorStorage(copying: bytes)!)
    }

    /// A tensor of FP32 elements.
    init(_ dimensions: [Int], _ elements: [Float]) {
        self.init(.fp32, dimensions, bytes: elements.flatMap { unsafe withUnsafeBytes(of: $0) { unsafe Array($0) } })
    }

    /// A tensor of INT64 elements.
    init(_ dimensions: [Int], integers elements: [Int64]) {
        self.init(.int64, dimensions, bytes: elements.flatMap { unsafe withUnsafeBytes(of: $0) { unsafe Array($0) } })
    }

    /// A BYTES tensor.
    init(_ dimensions: [Int], strings: [[UInt8]]) {
        let encoded = strings.flatMap { text in
            unsafe withUnsafeBytes(of: UInt32(text.count).littleEndian) { unsafe Array($0) } + text
        }
        self.init(.bytes, dimensions, bytes: encoded)
    }

    /// A copy of the raw bytes.
    var bytes: [UInt8] { unsafe storage.withUnsafeBytes { unsafe Array($0) } }

    /// The elements of an FP32 tensor.
    var floats: [Float] { unsafe storage.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) } }

    /// The elements of an FP64 tensor.
    var doubles: [Double] { unsafe storage.withUnsafeBytes { unsafe Array($0.bindMemory(to: Double.self)) } }
}
