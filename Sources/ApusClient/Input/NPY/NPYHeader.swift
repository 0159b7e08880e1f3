package import ApusCore

/// What stands in front of the data of a NumPy array file: element type and shape.
package struct NPYHeader: Sendable, Hashable {
    /// The first bytes of every such file.
    package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The longest header read, in bytes.
    static let maxLength = 1 << 16

    /// The element type.
    package let type: NPYElementType
    /// The dimensions, their product checked.
    package let shape: TensorShape
    /// Where the data starts.
    package let dataOffset: Int

    /// Reads the header of versions 1.0 to 3.0; little-endian arrays in C order only.
    package init(parsing bytes: [UInt8]) throws(ClientError) {
        guard bytes.count >= 10, bytes.starts(with: NPYHeader.magic) else {
            throw NPYHeader.fault("the file does not start as NPY files do")
        }
        guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
            throw NPYHeader.fault("version \(bytes[6]).\(bytes[7]) is not read here; 1.0, 2.0 and 3.0 are")
        }
        let lengthSize = bytes[6] == 1 ? 2 : 4
        guard bytes.count >= 8 + lengthSize else { throw NPYHeader.fault("the file ends in its header") }
        var length = 0
        for index in (0..<lengthSize).reversed() { length = length << 8 | Int(bytes[8 + index]) }
        guard length <= NPYHeader.maxLength else {
            throw NPYHeader.fault("its header claims \(length) bytes; at most \(NPYHeader.maxLength) are read")
        }
        let start = 8 + lengthSize
        guard bytes.count - start >= length else { throw NPYHeader.fault("the file ends in its header") }
        guard let text = String(validating: bytes[start..<(start + length)], as: UTF8.self) else {
            throw NPYHeader.fault("its header is not text")
        }
        let fields = try NPYHeaderFields(parsing: text)
        guard !fields.isFortranOrder else {
            throw NPYHeader.fault("it is in Fortran order; save numpy.ascontiguousarray(a)")
        }
        guard let shape = TensorShape(fields.shape) else {
            throw NPYHeader.fault("its shape (\(fields.shape.map(String.init).joined(separator: ", "))) is too large")
        }
        self.type = try NPYElementType(descriptor: fields.descriptor)
        self.shape = shape
        self.dataOffset = start + length
    }

    /// A fault of the file.
    static func fault(_ message: String) -> ClientError {
        ClientError(.invalidInput, "the NPY input can't be read: \(message)")
    }
}
