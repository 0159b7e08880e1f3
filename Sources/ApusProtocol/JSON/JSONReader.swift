package import ApusCore
internal import CSIMDJSON
internal import Glibc

/// What a JSON value is.
package enum JSONKind: Sendable {
    case object
    case array
    case string
    case number
    case bool
    case null
    /// A bare word that is no JSON.
    case other
}

/// Why JSON could not be read; the caller knows the place and makes an `InferenceError` of it.
package struct JSONFailure: Error, Sendable {
    /// The kinds of failure.
    package enum Kind: Sendable {
        case syntax
        case notUTF8
        case tooDeep
        case wrongType
        case outOfRange
        case fraction
        case tooManyElements
        case noMemory
        /// Arrays of different lengths where a tensor's shape needs equal ones.
        case ragged
        /// An object in the place of an element that isn't `{"b64": …}` with base64 in it.
        case notBase64
    }

    /// The kind.
    package let kind: Kind
    /// The element's index in an array of values, where one was read.
    package var index: Int?
    /// Where the element at fault lies in a tensor: the index at each depth.
    package var path: [Int] = []
    /// The text that stood there, shortened.
    package var token: String = ""
}

/// Reads one JSON document after the other, forward only, checking all of what it passes.
///
/// A bridge to simdjson's on-demand parser. One reader belongs to one event loop and keeps its memory from request to
/// request; it is not for use by two threads.
@safe package final class JSONReader {
    let cursor: OpaquePointer
    private var keyStart: UnsafePointer<CChar>?
    private var keyLength = 0

    /// Makes a reader that refuses documents nested deeper than `maxDepth`; `nil` when there is no memory.
    package init?(maxDepth: Int) {
        guard let cursor = unsafe CSIMDJSON_createCursor(max(1, maxDepth)) else { return nil }
        unsafe self.cursor = cursor
    }

    deinit {
        unsafe CSIMDJSON_destroyCursor(cursor)
    }

    /// Bytes that must be readable behind a document.
    package static let padding = Int(CSIMDJSON_PADDING)

    /// Begins a document whose root must be an object, and enters it.
    ///
    /// - Parameter document: The text; `JSONReader.padding` bytes behind it are readable.
    /// - Throws: What is wrong with the text as a whole, or that its root is no object.
    package func begin(_ document: UnsafeRawBufferPointer) throws(JSONFailure) {
        let start = unsafe document.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let start = unsafe start, document.count > 0 else { throw JSONFailure(kind: .syntax) }
        try check(unsafe CSIMDJSON_begin(cursor, start, document.count))
    }

    /// Starts the same document again.
    package func rewind() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_rewind(cursor))
    }

    /// Checks that nothing follows the root.
    package func end() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_end(cursor))
    }

    /// Gives back memory that an unusually large document made the reader keep.
    package func trim(keeping capacity: Int) {
        unsafe CSIMDJSON_trim(cursor, capacity)
    }

    /// Moves to the next member; `false` at the object's end, which leaves it.
    package func nextMember() throws(JSONFailure) -> Bool {
        var found = false
        var key = unsafe CSIMDJSON_Text()
        try check(unsafe CSIMDJSON_nextMember(cursor, &found, &key))
        unsafe keyStart = unsafe key.start
        keyLength = unsafe key.length
        return found
    }

    /// Moves to the next element; `false` at the array's end, which leaves it.
    package func nextElement() throws(JSONFailure) -> Bool {
        var found = false
        try check(unsafe CSIMDJSON_nextElement(cursor, &found))
        return found
    }

    /// Whether the current member's key is this one.
    package func isKey(_ name: StaticString) -> Bool {
        guard keyLength == name.utf8CodeUnitCount, let keyStart = unsafe keyStart else { return false }
        return unsafe memcmp(keyStart, name.utf8Start, keyLength) == 0
    }

    /// Whether the current member's key is this one.
    package func isKey(named name: String) -> Bool {
        var name = name
        return name.withUTF8 { utf8 in
            guard keyLength == utf8.count, let keyStart = unsafe keyStart, let start = utf8.baseAddress else {
                return keyLength == utf8.count
            }
            return unsafe memcmp(keyStart, start, keyLength) == 0
        }
    }

    /// The current member's key.
    package var key: String {
        guard let keyStart = unsafe keyStart else { return "" }
        return unsafe JSONReader.string(keyStart, keyLength)
    }

    /// The kind of the current value.
    package var kind: JSONKind {
        switch unsafe CSIMDJSON_kind(cursor) {
        case CSIMDJSON_OBJECT: .object
        case CSIMDJSON_ARRAY: .array
        case CSIMDJSON_STRING: .string
        case CSIMDJSON_NUMBER: .number
        case CSIMDJSON_BOOL: .bool
        case CSIMDJSON_NULL: .null
        default: .other
        }
    }

    /// Enters the current value, an object.
    package func enterObject() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_enterObject(cursor))
    }

    /// Enters the current value, an array.
    package func enterArray() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_enterArray(cursor))
    }

    /// Passes over the current value and checks it.
    package func skip() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_skip(cursor))
    }

    /// Passes over the current value and checks it, but for bare NaN and Infinity, which tensor data may hold.
    package func skipValues() throws(JSONFailure) {
        try check(unsafe CSIMDJSON_skipValues(cursor))
    }

    /// Reads the current value, a string.
    package func readString() throws(JSONFailure) -> String {
        var text = unsafe CSIMDJSON_Text()
        try check(unsafe CSIMDJSON_readString(cursor, &text))
        return unsafe JSONReader.string(text.start, text.length)
    }

    /// Reads the current value, a string, and lends its bytes.
    package func withString<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(JSONFailure) -> Result {
        var text = unsafe CSIMDJSON_Text()
        try check(unsafe CSIMDJSON_readString(cursor, &text))
        return unsafe body(UnsafeRawBufferPointer(start: text.start, count: text.length))
    }

    /// Reads the current value, an integer.
    package func readInt64() throws(JSONFailure) -> Int64 {
        var number: Int64 = 0
        try check(unsafe CSIMDJSON_readInt64(cursor, &number))
        return number
    }

    /// Reads the current value, an integer that isn't negative.
    package func readUInt64() throws(JSONFailure) -> UInt64 {
        var number: UInt64 = 0
        try check(unsafe CSIMDJSON_readUInt64(cursor, &number))
        return number
    }

    /// Reads the current value, a number.
    package func readDouble() throws(JSONFailure) -> Double {
        var number: Double = 0
        try check(unsafe CSIMDJSON_readDouble(cursor, &number))
        return number
    }

    /// Reads the current value, `true` or `false`.
    package func readBool() throws(JSONFailure) -> Bool {
        var value = false
        try check(unsafe CSIMDJSON_readBool(cursor, &value))
        return value
    }

    /// Reads the current value, an array nested in any way, straight into tensor memory.
    ///
    /// - Returns: The number of elements read, at most as many as the storage has room for.
    /// - Throws: `JSONFailure` with the index of the element at fault.
    package func readNumbers(of type: DataType, into storage: TensorStorage) throws(JSONFailure) -> Int {
        var count = 0
        let result = unsafe storage.withUnsafeMutableBytes { memory in
            unsafe CSIMDJSON_readNumbers(
                cursor,
                type.element,
                memory.baseAddress,
                memory.count / (type.byteSize ?? 1),
                &count
            )
        }
        try check(result, index: count)
        return count
    }

    /// Reads the current value, an array of strings nested in any way, as BYTES elements.
    ///
    /// - Parameter capacity: The most elements to take.
    /// - Returns: Memory with the elements, and how many there are.
    /// - Throws: `JSONFailure` with the index of the element at fault.
    package func readStrings(atMost capacity: Int) throws(JSONFailure) -> (storage: TensorStorage, count: Int) {
        var count = 0
        var byteCount = 0
        var memory: UnsafeMutableRawPointer?
        try check(unsafe CSIMDJSON_readStrings(cursor, capacity, &memory, &byteCount, &count), index: count)
        guard let base = unsafe memory else { throw JSONFailure(kind: .noMemory) }
        let address = UInt(bitPattern: base)
        let storage = unsafe TensorStorage(base: base, byteCount: byteCount) {
            unsafe free(UnsafeMutableRawPointer(bitPattern: address))
        }
        return (storage, count)
    }

    @inline(__always)
    func check(_ error: CSIMDJSON_Error, index: Int? = nil) throws(JSONFailure) {
        guard error == CSIMDJSON_OK else { throw failure(error, index: index) }
    }

    private func failure(_ error: CSIMDJSON_Error, index: Int?) -> JSONFailure {
        let kind: JSONFailure.Kind =
            switch error {
            case CSIMDJSON_UTF8: .notUTF8
            case CSIMDJSON_DEPTH: .tooDeep
            case CSIMDJSON_TYPE: .wrongType
            case CSIMDJSON_RANGE: .outOfRange
            case CSIMDJSON_FRACTION: .fraction
            case CSIMDJSON_COUNT: .tooManyElements
            case CSIMDJSON_MEMORY: .noMemory
            case CSIMDJSON_RAGGED: .ragged
            case CSIMDJSON_BASE64: .notBase64
            default: .syntax
            }
        let token = unsafe CSIMDJSON_lastToken(cursor)
        let text = unsafe token.start == nil ? "" : unsafe JSONReader.string(token.start, token.length)
        return JSONFailure(kind: kind, index: index, token: text)
    }

    private static func string(_ start: UnsafePointer<CChar>, _ length: Int) -> String {
        unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
}

extension DataType {
    /// simdjson's bridge's word for the type; BYTES has none and never comes here.
    var element: CSIMDJSON_Element {
        switch self {
        case .bool: CSIMDJSON_ELEMENT_BOOL
        case .uint8, .bytes: CSIMDJSON_ELEMENT_UINT8
        case .uint16: CSIMDJSON_ELEMENT_UINT16
        case .uint32: CSIMDJSON_ELEMENT_UINT32
        case .uint64: CSIMDJSON_ELEMENT_UINT64
        case .int8: CSIMDJSON_ELEMENT_INT8
        case .int16: CSIMDJSON_ELEMENT_INT16
        case .int32: CSIMDJSON_ELEMENT_INT32
        case .int64: CSIMDJSON_ELEMENT_INT64
        case .fp16: CSIMDJSON_ELEMENT_FP16
        case .bf16: CSIMDJSON_ELEMENT_BF16
        case .fp32: CSIMDJSON_ELEMENT_FP32
        case .fp64: CSIMDJSON_ELEMENT_FP64
        }
    }
}
