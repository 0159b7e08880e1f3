package import ApusCore
internal import CSIMDJSON

/// Writes JSON text into memory that the caller has measured out: no tree of values, no growing.
///
/// Bytes that would not fit end the process by the span's own check, so callers size by the `bound…` functions.
package struct JSONWriter: ~Copyable, ~Escapable {
    var output: OutputRawSpan

    /// Writes behind what the span holds already.
    @_lifetime(copy output)
    package init(_ output: consuming OutputRawSpan) {
        self.output = output
    }

    /// Ends writing and gives the span back.
    @_lifetime(copy self)
    package consuming func finish() -> OutputRawSpan {
        output
    }

    /// Bytes written so far.
    package var count: Int { output.byteCount }

    /// Writes text that needs no escape, such as punctuation and keys of the protocol.
    @_lifetime(self: copy self)
    package mutating func raw(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes a text that is known to need no escape, such as a model's name.
    @_lifetime(self: copy self)
    package mutating func unescaped(_ text: String) {
        unsafe text.utf8.span.withUnsafeBytes { utf8 in
            unsafe append(utf8)
        }
    }

    /// Writes an integer.
    @_lifetime(self: copy self)
    package mutating func integer(_ number: Int) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &digits) { buffer in
            var at = buffer.count
            var rest = number.magnitude
            repeat {
                at -= 1
                unsafe buffer[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                at -= 1
                unsafe buffer[at] = UInt8(ascii: "-")
            }
            unsafe append(UnsafeRawBufferPointer(rebasing: buffer[at...]))
        }
    }

    /// Writes a string with quotes and escapes.
    @_lifetime(self: copy self)
    package mutating func string(_ text: String) {
        unsafe text.utf8.span.withUnsafeBytes { utf8 in
            unsafe string(bytes: utf8)
        }
    }

    /// Writes bytes that are UTF-8 as a string with quotes and escapes.
    @_lifetime(self: copy self)
    package mutating func string(bytes: UnsafeRawBufferPointer) {
        output.append(UInt8(ascii: "\""))
        var clean = 0
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            unsafe append(UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
            escape(byte)
            clean = index + 1
        }
        unsafe append(UnsafeRawBufferPointer(rebasing: bytes[clean...]))
        output.append(UInt8(ascii: "\""))
    }

    /// Writes all elements of a tensor that isn't BYTES, with commas between them.
    @_lifetime(self: copy self)
    package mutating func elements(of tensor: Tensor) {
        elements(of: tensor, in: 0..<tensor.shape.elementCount)
    }

    /// Lends memory for so many bytes to a function that says how many it has written.
    @_lifetime(self: copy self)
    mutating func appendMeasured(atMost bound: Int, _ write: (UnsafeMutablePointer<CChar>?) -> Int) {
        precondition(output.freeCapacity >= bound, "a JSON text was measured too small")
        unsafe output.withUnsafeMutableBytes { buffer, initialized in
            let start = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
            let written = unsafe write(start?.assumingMemoryBound(to: CChar.self))
            precondition(written <= bound, "an element is wider than the widest")
            initialized += written
        }
    }

    /// Writes one byte as it is.
    @_lifetime(self: copy self)
    mutating func append(_ byte: UInt8) {
        output.append(byte)
    }

    /// Writes the elements of a BYTES tensor as strings; each has been checked to be UTF-8.
    @_lifetime(self: copy self)
    package mutating func textElements(of tensor: Tensor) {
        let bytes = tensor.storage.bytes
        var offset = 0
        while let length = BytesElements.length(in: bytes, at: offset) {
            if offset > 0 { raw(",") }
            let start = offset + 4
            unsafe tensor.storage.withUnsafeBytes { memory in
                unsafe string(bytes: UnsafeRawBufferPointer(rebasing: memory[start..<start + length]))
            }
            offset = start + length
        }
    }

    /// The first element of a BYTES tensor that isn't UTF-8 and so can't stand in a JSON string.
    package static func firstElementThatIsNoText(in tensor: Tensor) -> Int? {
        let bytes = tensor.storage.bytes
        var offset = 0
        var index = 0
        while let length = BytesElements.length(in: bytes, at: offset) {
            let isText = unsafe bytes.extracting(offset + 4..<offset + 4 + length).withUnsafeBytes { element in
                unsafe CSIMDJSON_isUTF8(element.baseAddress, element.count)
            }
            guard isText else { return index }
            offset += 4 + length
            index += 1
        }
        return nil
    }

    /// The most bytes that a string takes: each byte as `\u00XX`, and the quotes.
    package static func bound(string: String) -> Int { string.utf8.count * 6 + 2 }

    /// The most bytes that a tensor's elements take, with commas.
    ///
    /// Ends the process when the storage is shorter than the shape: nothing may read behind it.
    package static func bound(elementsOf tensor: Tensor) -> Int {
        let byteCount = tensor.storage.byteCount
        let count = tensor.shape.elementCount
        guard let size = tensor.dataType.byteSize else {
            // Each byte as `\u00XX`; the length before each element is four bytes and makes room for quotes and comma.
            return byteCount * 6
        }
        precondition(count <= byteCount / size, "a tensor's storage is shorter than its shape")
        return count * CSIMDJSON_widestElement(tensor.dataType.element)
    }

    @_lifetime(self: copy self)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        precondition(output.freeCapacity >= bytes.count, "a JSON text was measured too small")
        unsafe output.withUnsafeMutableBytes { buffer, initialized in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...]).copyMemory(from: bytes)
            initialized += bytes.count
        }
    }

    @_lifetime(self: copy self)
    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x0a: raw("\\n")
        case 0x0d: raw("\\r")
        case 0x09: raw("\\t")
        default:
            raw("\\u00")
            output.append(JSONWriter.hexDigit(byte >> 4))
            output.append(JSONWriter.hexDigit(byte & 0xf))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
