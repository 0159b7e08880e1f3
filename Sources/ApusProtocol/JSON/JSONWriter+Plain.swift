package import ApusCore
internal import CSIMDJSON

extension JSONWriter {
    /// Writes a tensor that isn't BYTES as arrays within each other, with `null` for what JSON has no number for.
    ///
    /// - Parameters:
    ///   - tensor: The tensor.
    ///   - sizes: Its dimensions, but for leading ones of size 1 that are to be left out; none for a bare number.
    @_lifetime(self: copy self)
    package mutating func nested(_ tensor: Tensor, sizes: ArraySlice<Int>) {
        let bound = JSONWriter.bound(elementsOf: tensor) + JSONWriter.bound(bracketsOf: sizes)
        precondition(output.freeCapacity >= bound, "a JSON text was measured too small")
        unsafe output.withUnsafeMutableBytes { buffer, initialized in
            let start = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
            let written = unsafe tensor.storage.withUnsafeBytes { memory in
                unsafe sizes.withUnsafeBufferPointer { sizes in
                    unsafe CSIMDJSON_writeNested(
                        tensor.dataType.element,
                        memory.baseAddress,
                        sizes.baseAddress,
                        sizes.count,
                        start?.assumingMemoryBound(to: CChar.self)
                    )
                }
            }
            precondition(written <= bound, "an element is wider than the widest")
            initialized += written
        }
    }

    /// Writes a BYTES tensor as strings in arrays within each other; each has been checked to be UTF-8.
    @_lifetime(self: copy self)
    package mutating func nestedText(_ tensor: Tensor, sizes: ArraySlice<Int>) {
        var offset = 0
        nestedText(tensor, sizes: sizes, at: &offset)
    }

    @_lifetime(self: copy self)
    private mutating func nestedText(_ tensor: Tensor, sizes: ArraySlice<Int>, at offset: inout Int) {
        guard let size = sizes.first else {
            let length = BytesElements.length(in: tensor.storage.bytes, at: offset) ?? 0
            let start = offset + 4
            unsafe tensor.storage.withUnsafeBytes { memory in
                unsafe string(bytes: UnsafeRawBufferPointer(rebasing: memory[start..<start + length]))
            }
            offset = start + length
            return
        }
        raw("[")
        for index in 0..<size {
            if index > 0 { raw(",") }
            nestedText(tensor, sizes: sizes.dropFirst(), at: &offset)
        }
        raw("]")
    }

    /// Writes some elements of a tensor that isn't BYTES, with commas between them.
    @_lifetime(self: copy self)
    package mutating func row(of tensor: Tensor, in range: Range<Int>) {
        let size = tensor.dataType.byteSize ?? 1
        let bound = range.count * CSIMDJSON_widestElement(tensor.dataType.element)
        precondition(output.freeCapacity >= bound, "a text was measured too small")
        precondition(
            range.upperBound <= tensor.storage.byteCount / size,
            "a tensor's storage is shorter than its shape"
        )
        unsafe output.withUnsafeMutableBytes { buffer, initialized in
            let start = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
            initialized += unsafe tensor.storage.withUnsafeBytes { memory in
                unsafe CSIMDJSON_writeNumbers(
                    tensor.dataType.element,
                    memory.baseAddress.map { unsafe $0 + range.lowerBound * size },
                    range.count,
                    start?.assumingMemoryBound(to: CChar.self)
                )
            }
        }
    }

    /// Writes an element of a BYTES tensor as a cell of CSV, in quotes where it needs them.
    @_lifetime(self: copy self)
    package mutating func cell(of tensor: Tensor, at offset: inout Int) {
        let bytes = tensor.storage.bytes
        guard let length = BytesElements.length(in: bytes, at: offset) else { return }
        let start = offset + 4
        cell(unsafe tensor.storage.withUnsafeBytes { unsafe Array($0[start..<start + length]) })
        offset = start + length
    }

    /// Writes a cell of CSV, in quotes where it needs them.
    @_lifetime(self: copy self)
    package mutating func cell(_ text: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let marks = [quote, UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")]
        guard text.isEmpty || text.contains(where: marks.contains) else {
            for byte in text { output.append(byte) }
            return
        }
        output.append(quote)
        for byte in text {
            if byte == quote { output.append(quote) }
            output.append(byte)
        }
        output.append(quote)
    }

    /// The most bytes that brackets and the commas between arrays take; `Int.max` when that leaves `Int`.
    package static func bound(bracketsOf sizes: ArraySlice<Int>) -> Int {
        var arrays = 1
        var total = 2
        for size in sizes.dropLast() {
            let (product, overflow) = arrays.multipliedReportingOverflow(by: size)
            guard !overflow, product < Int.max / 256 else { return .max }
            arrays = product
            total += arrays * 3
        }
        return total
    }
}
