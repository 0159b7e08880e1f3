internal import NIOCore

/// Cuts a client's bytes into frames and checks what can be seen without knowing any stream: lengths, padding, where
/// CONTINUATION belongs, and how much of a header block is held.
///
/// Pure: bytes in, `HTTP2Input` out. Payloads of DATA aren't copied and don't wait for their frame's end; of everything
/// else one frame is held at most, and one header block.
struct HTTP2FrameParser {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// Bytes of a SETTINGS frame; there are seven settings of six bytes.
    private static let maxSettingsBytes = 64 * 6

    private enum State {
        case preface
        case settings
        case head
        case data
        case skipping(Int)
        case failed
    }

    /// What is left of a DATA frame.
    private struct OpenData {
        var stream: Int
        var isLast: Bool
        /// Bytes of the payload, and of padding, that haven't come yet.
        var left: Int
        var padding: Int
        /// What its length of padding takes of the windows, until that has been told.
        var prefix: Int
    }

    /// A header block whose end hasn't come.
    private struct OpenBlock {
        var stream: Int
        var isLast: Bool
        var bytes: ByteBuffer
        var continuations: Int
    }

    private let maxBlockBytes: Int
    private var state = State.preface
    private var pending = ByteBuffer()
    private var data = OpenData(stream: 0, isLast: false, left: 0, padding: 0, prefix: 0)
    private var block: OpenBlock?
    private var emptyDataFrames = 0

    /// Starts before the preface; header blocks may have so many bytes, as they are encoded.
    init(maxBlockBytes: Int) {
        self.maxBlockBytes = maxBlockBytes
    }

    /// Memory that is held.
    var heldBytes: Int { pending.storageCapacity + (block?.bytes.storageCapacity ?? 0) }

    /// Bytes have come; `next` is asked for until there is nothing before more are given.
    mutating func append(_ bytes: consuming ByteBuffer) {
        guard pending.readableBytes > 0 else {
            pending = bytes
            return
        }
        if pending.readerIndex > 0 {
            // What has been read shares the memory.
            var fresh = ByteBuffer()
            fresh.reserveCapacity(pending.readableBytes + bytes.readableBytes)
            fresh.writeBuffer(&pending)
            pending = fresh
        }
        pending.writeBuffer(&bytes)
    }

    /// What comes next; `nil` when more bytes must come first.
    mutating func next() -> HTTP2Input? {
        while true {
            switch state {
            case .head, .settings:
                guard let head = HTTP2FrameHead(at: pending) else { return release() }
                do throws(HTTP2Reason) {
                    guard let input = try read(head) else {
                        // Either it isn't here whole, or its payload comes bit by bit.
                        if case .head = state { return release() }
                        if case .settings = state { return nil }
                        continue
                    }
                    return input
                } catch {
                    state = .failed
                    return .fault(error)
                }
            case .data:
                return nextData()
            case .skipping(let left):
                let count = min(left, pending.readableBytes)
                pending.moveReaderIndex(forwardBy: count)
                guard count == left else {
                    state = .skipping(left - count)
                    return release()
                }
                state = .head
                return .nothing
            case .preface:
                guard readPreface() else { return nil }
            case .failed:
                return nil
            }
        }
    }

    /// Lets go of memory that has been read.
    private mutating func release() -> HTTP2Input? {
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        return nil
    }

    private mutating func readPreface() -> Bool {
        let preface = HTTP2FrameParser.preface
        guard pending.readableBytes >= preface.count else { return false }
        guard pending.readBytes(length: preface.count) == preface else {
            state = .failed
            return false
        }
        state = .settings
        return true
    }

    // MARK: Heads

    /// Reads a frame; `nil` when it isn't there whole, or when the state has become another.
    private mutating func read(_ head: HTTP2FrameHead) throws(HTTP2Reason) -> HTTP2Input? {
        guard head.length <= HTTP2Limits.maxFrameBytes else { throw .frameSizeError }
        if case .settings = state {
            // The client's preface ends with them (RFC 9113 §3.4).
            guard head.kind == .settings, !head.has(HTTP2FrameHead.Flag.acknowledgement) else { throw .protocolError }
        }
        guard block == nil || head.kind == .continuation else { throw .protocolError }
        switch head.kind {
        case .data:
            return try beginData(head)
        case .headers, .continuation:
            return try readBlock(head)
        case .windowUpdate, .reset, .priority, .ping:
            return try readFixed(head)
        case .settings:
            return try readSettings(head)
        case .goAway:
            guard head.stream == 0 else { throw .protocolError }
            guard head.length >= 8 else { throw .frameSizeError }
            return payload(of: head) == nil ? nil : .goAway
        case .pushPromise:
            throw .protocolError
        case nil:
            pending.moveReaderIndex(forwardBy: HTTP2FrameHead.byteCount)
            state = .skipping(head.length)
            return nil
        }
    }

    /// Takes a frame that is there whole.
    private mutating func payload(of head: HTTP2FrameHead) -> ByteBuffer? {
        guard pending.readableBytes >= HTTP2FrameHead.byteCount + head.length else { return nil }
        var payload = pending
        payload.moveReaderIndex(forwardBy: HTTP2FrameHead.byteCount)
        payload.moveWriterIndex(to: payload.readerIndex + head.length)
        pending.moveReaderIndex(forwardBy: HTTP2FrameHead.byteCount + head.length)
        state = .head
        return payload
    }

    /// A frame whose length its type says.
    private mutating func readFixed(_ head: HTTP2FrameHead) throws(HTTP2Reason) -> HTTP2Input? {
        let isPing = head.kind == .ping
        guard head.kind == .windowUpdate || isPing == (head.stream == 0) else { throw .protocolError }
        guard head.length == (isPing ? 8 : head.kind == .priority ? 5 : 4) else {
            guard head.kind == .priority else { throw .frameSizeError }
            guard payload(of: head) != nil else { return nil }
            return .streamFault(stream: head.stream, .frameSizeError)
        }
        guard var payload = payload(of: head) else { return nil }
        switch head.kind {
        case .ping:
            let content = payload.readInteger(as: UInt64.self) ?? 0
            return head.has(HTTP2FrameHead.Flag.acknowledgement) ? .pingAnswer(content) : .ping(content)
        case .reset:
            return .reset(stream: head.stream)
        case .windowUpdate:
            let increment = Int((payload.readInteger(as: UInt32.self) ?? 0) & 0x7fff_ffff)
            if increment > 0 { return .windowUpdate(stream: head.stream, increment: increment) }
            guard head.stream > 0 else { throw .protocolError }
            return .streamFault(stream: head.stream, .protocolError)
        default:
            return .nothing
        }
    }

    private mutating func readSettings(_ head: HTTP2FrameHead) throws(HTTP2Reason) -> HTTP2Input? {
        let isAnswer = head.has(HTTP2FrameHead.Flag.acknowledgement)
        guard head.stream == 0 else { throw .protocolError }
        guard head.length.isMultiple(of: 6), !isAnswer || head.length == 0 else { throw .frameSizeError }
        guard head.length <= HTTP2FrameParser.maxSettingsBytes else { throw .enhanceYourCalm }
        guard let payload = payload(of: head) else { return nil }
        return isAnswer ? .nothing : .settings(try HTTP2SettingsChange(payload))
    }

    // MARK: Header blocks

    private mutating func readBlock(_ head: HTTP2FrameHead) throws(HTTP2Reason) -> HTTP2Input? {
        let isContinued = block != nil
        guard head.stream > 0, (head.kind == .continuation) == isContinued, block?.stream ?? head.stream == head.stream
        else { throw .protocolError }
        guard (block?.bytes.readableBytes ?? 0) + head.length <= maxBlockBytes else { throw .enhanceYourCalm }
        guard var payload = payload(of: head) else { return nil }
        if head.kind == .headers { try strip(&payload, head) }
        let isWhole = head.has(HTTP2FrameHead.Flag.endHeaders)
        emptyDataFrames = 0
        guard var open = block else {
            let isLast = head.has(HTTP2FrameHead.Flag.endStream)
            if isWhole { return .headers(stream: head.stream, block: payload, isLast: isLast) }
            // A copy: it may be held for a while, and what it lies in is larger.
            block = OpenBlock(
                stream: head.stream,
                isLast: isLast,
                bytes: ByteBuffer(bytes: payload.readableBytesView),
                continuations: 0
            )
            return .nothing
        }
        open.continuations += 1
        guard open.continuations <= HTTP2Limits.maxContinuations else { throw .enhanceYourCalm }
        block = nil
        open.bytes.writeBuffer(&payload)
        if isWhole { return .headers(stream: open.stream, block: open.bytes, isLast: open.isLast) }
        block = open
        return .nothing
    }

    /// Takes padding and priority off a block.
    private func strip(_ payload: inout ByteBuffer, _ head: HTTP2FrameHead) throws(HTTP2Reason) {
        var padding = 0
        if head.has(HTTP2FrameHead.Flag.padded) {
            guard let count = payload.readInteger(as: UInt8.self) else { throw .frameSizeError }
            padding = Int(count)
        }
        if head.has(HTTP2FrameHead.Flag.priority) {
            guard payload.readableBytes >= 5 else { throw .frameSizeError }
            payload.moveReaderIndex(forwardBy: 5)
        }
        guard padding <= payload.readableBytes else { throw .protocolError }
        payload.moveWriterIndex(to: payload.writerIndex - padding)
    }

    // MARK: DATA

    private mutating func beginData(_ head: HTTP2FrameHead) throws(HTTP2Reason) -> HTTP2Input? {
        guard head.stream > 0 else { throw .protocolError }
        var prefix = 0
        var padding = 0
        if head.has(HTTP2FrameHead.Flag.padded) {
            guard head.length > 0 else { throw .frameSizeError }
            let index = pending.readerIndex + HTTP2FrameHead.byteCount
            guard pending.readableBytes > HTTP2FrameHead.byteCount else { return nil }
            padding = Int(pending.getInteger(at: index, as: UInt8.self) ?? 0)
            prefix = 1
        }
        guard prefix + padding <= head.length else { throw .protocolError }
        pending.moveReaderIndex(forwardBy: HTTP2FrameHead.byteCount + prefix)
        let left = head.length - prefix - padding
        let isLast = head.has(HTTP2FrameHead.Flag.endStream)
        emptyDataFrames = left == 0 && !isLast ? emptyDataFrames + 1 : 0
        guard emptyDataFrames <= HTTP2Limits.maxEmptyDataFrames else { throw .enhanceYourCalm }
        data = OpenData(stream: head.stream, isLast: isLast, left: left, padding: padding, prefix: prefix)
        state = .data
        return nil
    }

    /// What is here of a DATA frame.
    private mutating func nextData() -> HTTP2Input? {
        let count = min(data.left, pending.readableBytes)
        let padding = min(data.padding, pending.readableBytes - count)
        let isWhole = count == data.left && padding == data.padding
        guard count + padding > 0 || isWhole else { return release() }
        // Not a slice: that would hide the memory behind it, which decoders may read.
        var bytes = pending
        bytes.moveWriterIndex(to: bytes.readerIndex + count)
        pending.moveReaderIndex(forwardBy: count + padding)
        let size = count + padding + data.prefix
        data.prefix = 0
        data.left -= count
        data.padding -= padding
        if isWhole { state = .head }
        return .data(stream: data.stream, bytes: bytes, size: size, isLast: isWhole && data.isLast)
    }
}
