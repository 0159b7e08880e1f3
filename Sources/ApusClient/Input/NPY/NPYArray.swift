package import ApusCore

/// A NumPy array file, its elements as JSON values.
package struct NPYArray: Sendable, Hashable {
    /// The dimensions.
    package let shape: TensorShape
    /// The element type in the file.
    package let type: NPYElementType
    /// The elements in row-major order.
    package let elements: [JSONValue]

    /// Reads a whole file; its length must be exactly what the header says.
    package init(parsing bytes: [UInt8]) throws(ClientError) {
        let header = try NPYHeader(parsing: bytes)
        let (expected, overflow) = header.shape.elementCount.multipliedReportingOverflow(by: header.type.size)
        let present = bytes.count - header.dataOffset
        guard !overflow, expected == present else {
            let wanted = overflow ? "more bytes than there are" : "\(expected) bytes of data"
            throw NPYHeader.fault("its shape \(header.shape) needs \(wanted), the file has \(present)")
        }
        // Elements of no bytes would let a file of 100 bytes ask for 2^63 of them.
        guard header.type.size > 0 || header.shape.elementCount <= bytes.count else {
            throw NPYHeader.fault("its elements have no bytes; save a.astype('U1')")
        }
        var elements: [JSONValue] = []
        elements.reserveCapacity(header.shape.elementCount)
        for index in 0..<header.shape.elementCount {
            let start = header.dataOffset + index * header.type.size
            guard let element = NPYArray.element(bytes[start..<(start + header.type.size)], header.type) else {
                throw NPYHeader.fault("element \(index) is not valid Unicode text")
            }
            elements.append(element)
        }
        self.shape = header.shape
        self.type = header.type
        self.elements = elements
    }

    private static func element(_ bytes: ArraySlice<UInt8>, _ type: NPYElementType) -> JSONValue? {
        switch type {
        case .bool: .bool(bytes.first != 0)
        case .unsigned: .number(String(bits(bytes)))
        case .signed(let size):
            .number(String((Int64(truncatingIfNeeded: bits(bytes)) << (64 - 8 * size)) >> (64 - 8 * size)))
        case .float(2): .number(NumberText.json(Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits(bytes))))))
        case .float(4): .number(NumberText.json(Float(bitPattern: UInt32(truncatingIfNeeded: bits(bytes)))))
        case .float: .number(NumberText.json(Double(bitPattern: bits(bytes))))
        case .bytes: String(validating: withoutPadding(bytes), as: UTF8.self).map { .string($0) }
        case .unicode: text(bytes).map { .string($0) }
        }
    }

    /// Up to eight little-endian bytes as one number.
    private static func bits(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        var scalars = String.UnicodeScalarView()
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4) {
            guard let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: bits(bytes[start..<(start + 4)]))) else {
                return nil
            }
            scalars.append(scalar)
        }
        while scalars.last?.value == 0 { scalars.removeLast() }
        return String(scalars)
    }

    private static func withoutPadding(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes[..<(bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex)]
    }
}
