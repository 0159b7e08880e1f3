package import ApusCore
internal import CSIMDJSON

extension JSONWriter {
    /// Writes some elements of a tensor that isn't BYTES, with commas between them.
    ///
    /// - Parameters:
    ///   - tensor: The tensor.
    ///   - range: Which elements; all of them within the tensor.
    @_lifetime(self: copy self)
    package mutating func elements(of tensor: Tensor, in range: Range<Int>) {
        let size = tensor.dataType.byteSize ?? 1
        precondition(
            range.upperBound <= tensor.storage.byteCount / size,
            "a tensor's storage is shorter than its shape"
        )
        let bound = range.count * CSIMDJSON_widestElement(tensor.dataType.element)
        unsafe appendMeasured(atMost: bound) { start in
            unsafe tensor.storage.withUnsafeBytes { memory in
                unsafe CSIMDJSON_writeNumbers(
                    tensor.dataType.element,
                    memory.baseAddress.map { unsafe $0 + range.lowerBound * size },
                    range.count,
                    start
                )
            }
        }
    }

    /// Writes the element of a BYTES tensor that starts at a byte: as a string, or as `{"b64": …}`.
    ///
    /// - Returns: Where the next element starts.
    @_lifetime(self: copy self)
    package mutating func textElement(of tensor: Tensor, at offset: Int, isBase64: Bool) -> Int {
        guard let length = BytesElements.length(in: tensor.storage.bytes, at: offset) else {
            raw("\"\"")
            return offset
        }
        let range = offset + 4..<offset + 4 + length
        unsafe tensor.storage.withUnsafeBytes { memory in
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[range])
            if isBase64 {
                raw("{\"b64\":\"")
                unsafe base64(bytes)
                raw("\"}")
            } else {
                unsafe string(bytes: bytes)
            }
        }
        return range.upperBound
    }

    /// Writes bytes in base64 (RFC 4648 §4), padded.
    @_lifetime(self: copy self)
    private mutating func base64(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            let first = unsafe UInt32(bytes[index]) << 16
            let second = index + 1 < bytes.count ? unsafe UInt32(bytes[index + 1]) << 8 : 0
            let third = index + 2 < bytes.count ? unsafe UInt32(bytes[index + 2]) : 0
            let bits = first | second | third
            append(JSONWriter.base64Digit(bits >> 18))
            append(JSONWriter.base64Digit(bits >> 12))
            append(index + 1 < bytes.count ? JSONWriter.base64Digit(bits >> 6) : UInt8(ascii: "="))
            append(index + 2 < bytes.count ? JSONWriter.base64Digit(bits) : UInt8(ascii: "="))
            index += 3
        }
    }

    private static func base64Digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(bits & 0x3f)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// The most bytes that a tensor takes as arrays within each other; `Int.max` when that leaves `Int`.
    ///
    /// Each array has two brackets and a comma; a dimension of 0 makes the arrays around it no fewer.
    package static func bound(nested tensor: Tensor) -> Int {
        var arrays = 1
        var total = bound(elementsOf: tensor)
        for axis in 0..<tensor.shape.rank {
            let size = tensor.shape[axis]
            let (bytes, overflow) = arrays.multipliedReportingOverflow(by: 3)
            let (sum, sumOverflow) = total.addingReportingOverflow(bytes)
            let (inner, innerOverflow) = arrays.multipliedReportingOverflow(by: size)
            guard !overflow, !sumOverflow, !innerOverflow else { return .max }
            total = sum
            arrays = inner
        }
        return total
    }
}
