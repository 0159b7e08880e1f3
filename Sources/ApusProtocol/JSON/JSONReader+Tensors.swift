package import ApusCore
internal import CSIMDJSON
internal import Glibc

/// What the text of a JSON value shows before it is read.
package struct JSONOutlook: Sendable {
    /// The most elements that it has; exact for numbers in arrays of which none is empty.
    package let elementBound: Int
    /// Whether it is an object with names, or an array that begins with one; `{"b64": …}` has none.
    package let isNamed: Bool
}

/// The shape of nested arrays: unknown at first, found by what is read first, compared with all that follows.
package struct JSONShape: Sendable {
    fileprivate var rank: Int32 = -1
    fileprivate var sizes = [Int64](repeating: -1, count: Int(CSIMDJSON_MAX_RANK))

    /// A shape that isn't known yet.
    package init() {}

    /// The sizes found, outermost first; empty for one value that stands alone.
    package var dimensions: [Int] { sizes.prefix(Int(max(rank, 0))).map(Int.init) }

    /// Forgets the shape.
    package mutating func forget() {
        rank = -1
        for axis in sizes.indices { sizes[axis] = -1 }
    }
}

/// BYTES elements as they are read, each a length and its bytes, in memory that grows.
@safe package struct TextElements: ~Copyable {
    fileprivate var bytes = unsafe CSIMDJSON_Bytes(start: nil, length: 0, capacity: 0)

    /// No elements and no memory.
    package init() {}

    deinit {
        unsafe free(bytes.start)
    }

    /// Bytes so far, lengths included.
    package var byteCount: Int { unsafe bytes.length }

    /// Hands the elements over as a tensor's memory; `nil` when there is no memory.
    package mutating func takeStorage() -> TensorStorage? {
        guard let start = unsafe bytes.start else { return TensorStorage(byteCount: 0) }
        let byteCount = unsafe bytes.length
        unsafe bytes = CSIMDJSON_Bytes(start: nil, length: 0, capacity: 0)
        let address = UInt(bitPattern: start)
        return unsafe TensorStorage(base: start, byteCount: byteCount) {
            unsafe free(UnsafeMutableRawPointer(bitPattern: address))
        }
    }
}

extension JSONReader {
    /// Looks over the current value, which stays to be read, entered or passed over.
    ///
    /// - Parameter isText: Whether strings are wanted and not numbers.
    /// - Returns: What its text shows.
    /// - Throws: `JSONFailure` when its brackets don't match.
    package func look(isText: Bool) throws(JSONFailure) -> JSONOutlook {
        var outlook = CSIMDJSON_Outlook(elementBound: 0, isNamed: false)
        try check(unsafe CSIMDJSON_look(cursor, isText, &outlook))
        return JSONOutlook(elementBound: outlook.elementBound, isNamed: outlook.isNamed)
    }

    /// Counts the elements of the current value, an array, which stays to be read.
    package func countElements() throws(JSONFailure) -> Int {
        var count = 0
        try check(unsafe CSIMDJSON_countElements(cursor, &count))
        return count
    }

    /// Reads the current value, a number or arrays of equal lengths within each other, straight into tensor memory.
    ///
    /// - Parameters:
    ///   - type: The elements' type; not BYTES.
    ///   - takesFlags: Whether `true` and `false` stand for the integers 1 and 0, and the other way round.
    ///   - storage: Where the elements go.
    ///   - first: The first one's place in it, in elements.
    ///   - capacity: The most elements to take.
    ///   - shape: What is known of the value's shape; all of it afterwards.
    /// - Returns: The number of elements read.
    /// - Throws: `JSONFailure` with the index of the element at fault.
    package func readTensor(
        of type: DataType,
        takesFlags: Bool = false,
        into storage: TensorStorage,
        from first: Int,
        capacity: Int,
        shape: inout JSONShape
    ) throws(JSONFailure) -> Int {
        var count = 0
        let size = type.byteSize ?? 1
        let result = unsafe storage.withUnsafeMutableBytes { memory in
            precondition(memory.count / size - first >= capacity, "a tensor's memory was measured too small")
            return unsafe CSIMDJSON_readTensor(
                cursor,
                type.element,
                takesFlags,
                memory.baseAddress.map { unsafe $0 + first * size },
                capacity,
                &shape.rank,
                &shape.sizes,
                &count
            )
        }
        try check(result, index: count)
        return count
    }

    /// Reads the current value, a string, `{"b64": …}` or arrays of these of equal lengths, behind the elements that
    /// are there.
    ///
    /// - Returns: The number of elements read.
    /// - Throws: `JSONFailure` with the index of the element at fault.
    package func readTexts(into text: inout TextElements, shape: inout JSONShape) throws(JSONFailure) -> Int {
        var count = 0
        let result = unsafe CSIMDJSON_readTexts(cursor, &text.bytes, &shape.rank, &shape.sizes, &count)
        try check(result, index: count)
        return count
    }
}
