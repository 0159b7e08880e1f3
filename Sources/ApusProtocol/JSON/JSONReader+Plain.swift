package import ApusCore
internal import CSIMDJSON
internal import Glibc

extension JSONReader {
    /// Begins a document whose root is an object, which is entered, or an array, which is read as a tensor.
    ///
    /// - Parameter document: The text; `JSONReader.padding` bytes behind it are readable.
    /// - Returns: Whether the root is an array.
    /// - Throws: What is wrong with the text as a whole, or that its root is neither.
    package func beginAny(_ document: UnsafeRawBufferPointer) throws(JSONFailure) -> Bool {
        let start = unsafe document.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let start = unsafe start, document.count > 0 else { throw JSONFailure(kind: .syntax) }
        var isArray = false
        try check(unsafe CSIMDJSON_beginAny(cursor, start, document.count, &isArray))
        return isArray
    }

    /// Measures the current value, or the root array, as a tensor before it is read as one.
    ///
    /// - Returns: A bound of its elements, exact for numbers, and the bytes of its text.
    package func measurePlain() throws(JSONFailure) -> (most: Int, byteCount: Int) {
        var most = 0
        var byteCount = 0
        try check(unsafe CSIMDJSON_measurePlain(cursor, &most, &byteCount))
        return (most, byteCount)
    }

    /// Reads the value that was measured straight into tensor memory; `plainSize(_:)` has its shape then.
    ///
    /// Strict JSON, unlike `readNumbers`: `null` is a NaN, `true` and `false` are 1 and 0.
    ///
    /// - Returns: The number of elements read, at most as many as the storage has room for.
    /// - Throws: `JSONFailure` with the path of the element at fault.
    package func readPlain(of type: DataType, into storage: TensorStorage) throws(JSONFailure) -> Int {
        var count = 0
        let result = unsafe storage.withUnsafeMutableBytes { memory in
            unsafe CSIMDJSON_readPlain(
                cursor,
                type.element,
                memory.baseAddress,
                memory.count / (type.byteSize ?? 1),
                &count
            )
        }
        try checkTensor(result)
        return count
    }

    /// Reads the value that was measured, strings, as BYTES elements; `plainSize(_:)` has its shape then.
    ///
    /// - Parameter capacity: The most elements to take.
    /// - Returns: Memory with the elements, and how many there are.
    /// - Throws: `JSONFailure` with the path of the element at fault.
    package func readPlainTexts(atMost capacity: Int) throws(JSONFailure) -> (storage: TensorStorage, count: Int) {
        var count = 0
        var byteCount = 0
        var memory: UnsafeMutableRawPointer?
        try checkTensor(unsafe CSIMDJSON_readPlainTexts(cursor, capacity, &memory, &byteCount, &count))
        guard let base = unsafe memory else {
            guard let empty = TensorStorage(byteCount: 0) else { throw JSONFailure(kind: .noMemory) }
            return (empty, count)
        }
        let address = UInt(bitPattern: base)
        let storage = unsafe TensorStorage(base: base, byteCount: byteCount) {
            unsafe free(UnsafeMutableRawPointer(bitPattern: address))
        }
        return (storage, count)
    }

    /// Dimensions of the tensor that was read last; 0 for a scalar.
    package var plainRank: Int { unsafe CSIMDJSON_plainRank(cursor) }

    /// The size of one of its dimensions, the outermost being 0.
    package func plainSize(_ axis: Int) -> Int {
        unsafe CSIMDJSON_plainSize(cursor, axis)
    }

    private func checkTensor(_ error: CSIMDJSON_Error) throws(JSONFailure) {
        do throws(JSONFailure) {
            try check(error)
        } catch {
            var failure = error
            failure.path = (0..<plainRank).map { plainSize($0) }
            throw failure
        }
    }
}
