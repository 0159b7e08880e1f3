internal import ApusCore
internal import NIOCore

/// A body that arrives in parts: merged as they come, each part charged to the budget before memory is taken for it.
struct HTTP1Body {
    /// Readable bytes behind a body, which a JSON parser may look at.
    private static let padding = 64
    /// The most memory taken for a body before its bytes have come.
    private static let maxReserve = 256 << 10

    private let limits: InputLimits
    private let budget: ByteBudget
    private var buffer = ByteBuffer()
    private var charged = 0
    private var remaining = 0
    private var chunks: ChunkedBodyParser?

    init(limits: InputLimits, budget: ByteBudget) {
        self.limits = limits
        self.budget = budget
    }

    /// Starts the body of a request.
    mutating func begin(_ head: HTTPRequestHead) throws(HTTPParsingFault) {
        reset()
        remaining = head.contentLength ?? 0
        chunks = head.isChunked ? ChunkedBodyParser(maxTrailerBytes: limits.maxHeaderBytes) : nil
        buffer.reserveCapacity(min(remaining, HTTP1Body.maxReserve) + HTTP1Body.padding)
    }

    /// Charges a body that has come together with its head.
    mutating func charge(_ count: Int) throws(HTTPParsingFault) {
        guard count > 0 else { return }
        guard budget.charge(count) else { throw .budgetExhausted }
        charged += count
    }

    /// Takes what there is of the body; returns it when it is whole.
    mutating func take(from inbound: inout ByteBuffer) throws(HTTPParsingFault) -> ByteBuffer? {
        guard chunks != nil else {
            let count = min(remaining, inbound.readableBytes)
            try append(count, from: &inbound)
            remaining -= count
            return remaining == 0 ? finished() : nil
        }
        return try takeChunks(from: &inbound) ? finished() : nil
    }

    /// Gives memory and charge back.
    mutating func reset() {
        if charged > 0 { budget.release(charged) }
        charged = 0
        remaining = 0
        chunks = nil
        // Not for a body that came with its head, of which nothing is here: the empty buffer is an object that all threads
        // share.
        if buffer.capacity > 0 { buffer = ByteBuffer() }
    }

    private mutating func takeChunks(from inbound: inout ByteBuffer) throws(HTTPParsingFault) -> Bool {
        while inbound.readableBytes > 0 {
            guard let step = try chunks?.next(inbound.readableBytesUInt8Span) else { return false }
            switch step {
            case .incomplete(let taken):
                inbound.moveReaderIndex(forwardBy: taken)
                return false
            case .data(let taken, let byteCount):
                inbound.moveReaderIndex(forwardBy: taken)
                try append(byteCount, from: &inbound)
            case .end(let taken):
                inbound.moveReaderIndex(forwardBy: taken)
                return true
            }
        }
        return false
    }

    private mutating func append(_ count: Int, from inbound: inout ByteBuffer) throws(HTTPParsingFault) {
        guard count > 0 else { return }
        guard buffer.readableBytes + count <= limits.maxBodyBytes else { throw .bodyTooLarge }
        try charge(count)
        if var part = inbound.readSlice(length: count) { buffer.writeBuffer(&part) }
    }

    private mutating func finished() -> ByteBuffer {
        buffer.reserveCapacity(minimumWritableBytes: HTTP1Body.padding)
        let whole = buffer
        buffer = ByteBuffer()
        return whole
    }
}
