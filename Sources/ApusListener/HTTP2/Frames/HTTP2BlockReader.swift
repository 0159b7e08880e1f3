internal import ApusCore
internal import NIOCore
internal import NIOHPACK

/// Decodes and checks header blocks; the last request's is remembered.
///
/// A client that asks the same again and again sends the same bytes, mostly references into the table. As long as nothing
/// has changed the table they mean the same: neither decoded nor checked again.
struct HTTP2BlockReader {
    /// A block that is compared with the next one.
    private static let maxRememberedBytes = 512

    private let limits: InputLimits
    private var decoder: HPACKDecoder
    private var last: (block: ByteBuffer, request: HTTP2Request)?

    init(limits: InputLimits) {
        self.limits = limits
        // What is a little too large is decoded and refused for itself; without that the connection would have to end.
        self.decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(),
            maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
            maxHeaderListSize: HTTP2Limits.maxDecodedBytes(limits)
        )
    }

    /// Reads a request's head.
    ///
    /// - Throws: When the connection must end, since nobody knows what the client's encoder remembers.
    mutating func readRequest(_ block: ByteBuffer) throws(HTTP2Reason) -> HTTP2Request {
        if let last, last.block == block { return last.request }
        last = nil
        let request = HTTP2Request(try decode(block), limits: limits)
        if block.readableBytes <= HTTP2BlockReader.maxRememberedBytes, HTTP2BlockReader.changesNothing(block) {
            // A copy: what it lies in is larger.
            last = (ByteBuffer(bytes: block.readableBytesView), request)
        }
        return request
    }

    /// Reads trailers; `false` when they are malformed.
    mutating func readTrailers(_ block: ByteBuffer) throws(HTTP2Reason) -> Bool {
        last = nil
        return HTTP2FieldRules.areTrailers(try decode(block))
    }

    private mutating func decode(_ block: ByteBuffer) throws(HTTP2Reason) -> HPACKHeaders {
        var block = block
        do {
            return try decoder.decodeHeaders(from: &block)
        } catch {
            throw error is NIOHPACKErrors.MaxHeaderListSizeViolation ? .enhanceYourCalm : .compressionError
        }
    }

    /// Whether a well-formed block leaves the table as it is (RFC 7541 §6): references, and literals that aren't added.
    private static func changesNothing(_ block: ByteBuffer) -> Bool {
        let bytes = block.readableBytesUInt8Span
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            if first >= 0x80 {
                _ = integer(bytes, &index, prefix: 7)
                continue
            }
            // A literal that is added, or a new size of the table.
            guard first < 0x20 else { return false }
            if integer(bytes, &index, prefix: 4) == 0 { skipText(bytes, &index) }
            skipText(bytes, &index)
        }
        return true
    }

    private static func skipText(_ bytes: Span<UInt8>, _ index: inout Int) {
        guard index < bytes.count else { return }
        let length = integer(bytes, &index, prefix: 7)
        index += length
    }

    private static func integer(_ bytes: Span<UInt8>, _ index: inout Int, prefix: Int) -> Int {
        let mask = UInt8(truncatingIfNeeded: 1 << prefix - 1)
        var value = Int(bytes[index] & mask)
        index += 1
        guard value == Int(mask) else { return value }
        var shift = 0
        while index < bytes.count, shift < 28 {
            let byte = bytes[index]
            index += 1
            value += Int(byte & 0x7f) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        return value
    }
}
