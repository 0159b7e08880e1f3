internal import ApusCore

/// Writes protobuf fields into memory that the caller has measured out with `ProtobufSize`.
///
/// Bytes that would not fit end the process by the span's own check.
struct ProtobufWriter: ~Copyable, ~Escapable {
    private var output: OutputRawSpan

    /// Writes behind what the span holds already.
    @_lifetime(copy output)
    init(_ output: consuming OutputRawSpan) {
        self.output = output
    }

    /// Ends writing and gives the span back.
    @_lifetime(copy self)
    consuming func finish() -> OutputRawSpan {
        output
    }

    /// Writes the tag of a field.
    @_lifetime(self: copy self)
    mutating func tag(_ number: Int, _ wire: ProtobufWire) {
        varint(UInt64(number) << 3 | UInt64(wire.rawValue))
    }

    /// Writes a number of variable length.
    @_lifetime(self: copy self)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes the tag and the length of a field whose bytes follow.
    @_lifetime(self: copy self)
    mutating func header(_ number: Int, byteCount: Int) {
        tag(number, .bytes)
        varint(UInt64(byteCount))
    }

    /// Writes a whole string field.
    @_lifetime(self: copy self)
    mutating func string(_ number: Int, _ text: String) {
        header(number, byteCount: text.utf8.count)
        var text = text
        text.withUTF8 { utf8 in
            unsafe append(UnsafeRawBufferPointer(utf8))
        }
    }

    /// Writes eight bytes, little-endian.
    @_lifetime(self: copy self)
    mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { output.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    /// Writes a tensor's bytes.
    @_lifetime(self: copy self)
    mutating func bytes(of storage: TensorStorage) {
        unsafe storage.withUnsafeBytes { bytes in
            unsafe append(bytes)
        }
    }

    /// Writes a number of 32 bits with its tag.
    @_lifetime(self: copy self)
    mutating func float(_ number: Int, _ value: Float) {
        tag(number, .fixed32)
        let bits = value.bitPattern
        for shift in stride(from: 0, to: 32, by: 8) { output.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }

    /// Writes a part of a tensor's bytes.
    @_lifetime(self: copy self)
    mutating func bytes(of storage: TensorStorage, in range: Range<Int>) {
        unsafe storage.withUnsafeBytes { bytes in
            unsafe append(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// Writes bytes that are encoded already.
    @_lifetime(self: copy self)
    mutating func bytes(_ encoded: [UInt8]) {
        unsafe encoded.withUnsafeBytes { bytes in
            unsafe append(bytes)
        }
    }

    @_lifetime(self: copy self)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty else { return }
        precondition(output.freeCapacity >= bytes.count, "a message was measured too small")
        unsafe output.withUnsafeMutableBytes { memory, initializedCount in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[initializedCount...])
            unsafe room.copyMemory(from: bytes)
            initializedCount += bytes.count
        }
    }
}

/// How many bytes parts of a message take, so that memory is taken once.
enum ProtobufSize {
    /// A number of variable length.
    static func varint(_ value: UInt64) -> Int {
        (63 - (value | 1).leadingZeroBitCount) / 7 + 1
    }

    /// A tag; fields of numbers up to 15 only.
    static let tag = 1

    /// A field of so many bytes, its tag and length included.
    static func field(byteCount: Int) -> Int {
        tag + varint(UInt64(byteCount)) + byteCount
    }

    /// A whole string field.
    static func string(_ text: String) -> Int {
        field(byteCount: text.utf8.count)
    }
}
