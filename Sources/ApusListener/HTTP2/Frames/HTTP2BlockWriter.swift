internal import NIOCore
internal import NIOHPACK

/// Encodes header blocks; those that are always the same are encoded once for as long as the client remembers them.
///
/// A block that consists of nothing but references changes no table: written again it is the same bytes, until another
/// block adds something to the table.
struct HTTP2BlockWriter {
    /// Blocks that are always the same.
    enum Constant: Int, CaseIterable {
        /// The head of nearly all gRPC answers.
        case callHead
        /// The trailers of nearly all that succeed.
        case callSuccess

        /// The fields.
        var headers: HPACKHeaders {
            switch self {
            case .callHead: Constant.head
            case .callSuccess: Constant.success
            }
        }

        private static let head = HPACKHeaders([
            (":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,gzip"),
        ])
        private static let success = HPACKHeaders([("grpc-status", "0")])
    }

    /// What we remember at most, whatever the client does.
    private static let maxTableBytes = HPACKEncoder.defaultDynamicTableSize
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    /// The references that a constant block consists of; empty when it isn't known.
    private var known = [[UInt8]](repeating: [], count: Constant.allCases.count)

    /// Encodes fields.
    mutating func write(_ headers: HPACKHeaders, to bytes: inout ByteBuffer) {
        let start = bytes.writerIndex
        encode(headers, to: &bytes)
        if !HTTP2BlockWriter.areReferences(bytes, from: start) { forget() }
    }

    /// Writes a constant block.
    mutating func write(_ block: Constant, to bytes: inout ByteBuffer) {
        if !known[block.rawValue].isEmpty {
            bytes.writeBytes(known[block.rawValue])
            return
        }
        let start = bytes.writerIndex
        encode(block.headers, to: &bytes)
        if HTTP2BlockWriter.areReferences(bytes, from: start) {
            known[block.rawValue] = bytes.getBytes(at: start, length: bytes.writerIndex - start) ?? []
        } else {
            forget()
        }
    }

    /// The client's decoder remembers so many bytes of header fields.
    mutating func clientRemembers(_ byteCount: Int) {
        forget()
        // Throws only while a block is being encoded.
        try? encoder.setDynamicTableSize(min(byteCount, HTTP2BlockWriter.maxTableBytes))
    }

    private mutating func encode(_ headers: HPACKHeaders, to bytes: inout ByteBuffer) {
        do {
            try encoder.encode(headers: headers, to: &bytes)
        } catch {
            preconditionFailure("one block is encoded at a time")
        }
    }

    private mutating func forget() {
        for index in known.indices where !known[index].isEmpty { known[index] = [] }
    }

    /// Whether a block has nothing but references of one byte each.
    private static func areReferences(_ bytes: ByteBuffer, from start: Int) -> Bool {
        let begin = start - bytes.readerIndex
        let span = bytes.readableBytesUInt8Span
        for index in begin..<span.count where span[index] < 0x80 || span[index] == 0xff { return false }
        return true
    }
}
