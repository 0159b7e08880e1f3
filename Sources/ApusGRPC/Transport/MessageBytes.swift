internal import GRPCCore
internal import NIOCore

/// Bytes of a message as grpc-swift takes and gives them, in a network buffer.
struct MessageBytes: GRPCContiguousBytes, Sendable {
    /// The bytes.
    var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    init(repeating byte: UInt8, count: Int) {
        buffer = ByteBuffer(repeating: byte, count: count)
    }

    init<Bytes: Sequence>(_ sequence: Bytes) where Bytes.Element == UInt8 {
        buffer = ByteBuffer(bytes: sequence)
    }

    var count: Int { buffer.readableBytes }

    func withUnsafeBytes<R>(_ body: (_ buffer: UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try unsafe buffer.withUnsafeReadableBytes(body)
    }

    mutating func withUnsafeMutableBytes<R>(
        _ body: (_ buffer: UnsafeMutableRawBufferPointer) throws -> R
    ) rethrows -> R {
        try unsafe buffer.withUnsafeMutableReadableBytes(body)
    }
}
