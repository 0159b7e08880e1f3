internal import ApusCore
internal import NIOCore
internal import NIOHPACK

/// Frames that leave: at once when the client's windows and the socket take them, else when they do.
extension HTTP2Connection {
    /// What is to be done behind a frame of an answer.
    private enum Sent {
        /// The stream has more and may send it.
        case more
        /// All that was there has been sent, or the rest waits for the stream's window.
        case done
    }

    private var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: Answers

    /// Writes the head of an answer, or trailers that are all of it.
    func write(_ headers: HPACKHeaders, on stream: HTTP2Stream, isLast: Bool) {
        if isLast, !stream.pending.isEmpty || !isWritable {
            stream.pending.end = .trailers(headers)
            return enqueue(stream)
        }
        outbox.write(headers, stream: Int(stream.number), isLast: isLast)
        if isLast { stream.machine.endSent() }
    }

    /// Writes a head, or trailers, that are always the same.
    func write(_ block: HTTP2BlockWriter.Constant, on stream: HTTP2Stream, isLast: Bool) {
        if isLast, !stream.pending.isEmpty || !isWritable { return write(block.headers, on: stream, isLast: true) }
        outbox.write(block, stream: Int(stream.number), isLast: isLast)
        if isLast { stream.machine.endSent() }
    }

    /// Writes a part of an answer's body.
    func write(_ bytes: ByteBuffer, on stream: HTTP2Stream, isLast: Bool) {
        let count = bytes.readableBytes
        let allowed = min(stream.machine.sendWindow, rules.sendWindow, outbox.maxFrameBytes)
        guard count <= allowed || count == 0, stream.pending.isEmpty, isWritable else {
            if count > 0 || isLast { stream.pending.append(bytes) }
            if isLast { stream.pending.end = .data }
            stream.machine.written(count, now: loop.time.now)
            unsent += count
            return enqueue(stream)
        }
        outbox.write(bytes, stream: Int(stream.number), isLast: isLast)
        stream.machine.sentAtOnce(count)
        rules.sent(count)
        if isLast { stream.machine.endSent() }
        if outbox.byteCount >= HTTP2Limits.maxJoinedBytes, let context { passOn(context) }
    }

    /// Has a stream send what waits, when its window lets it.
    func enqueue(_ stream: HTTP2Stream) {
        guard !stream.isQueued, !stream.pending.isEmpty else { return }
        forgetGone()
        if !stream.pending.hasParts {
            ending.append(stream.number)
        } else if stream.machine.sendWindow > 0 || stream.machine.unsent == 0 {
            sendable.append(stream.number)
        } else {
            return
        }
        stream.isQueued = true
        flushSoon()
    }

    /// Keeps the queues from growing while nothing can be sent and the client ends one stream after the other.
    private func forgetGone() {
        guard sendable.count + ending.count > 2 * HTTP2Limits.maxStreams else { return }
        sendable.removeAll { streams[$0] == nil }
        ending.removeAll { streams[$0] == nil }
    }

    /// Sends what waits, a frame of each stream in turn, for as long as the connection's window and the socket let it.
    ///
    /// The queues are taken: who hears of room may write, and stand in them anew.
    private func sendWaiting(_ context: ChannelHandlerContext) {
        var queue: [UInt64] = []
        swap(&queue, &ending)
        var index = 0
        while index < queue.count, context.channel.isWritable {
            if let stream = streams[queue[index]] { sendEnd(of: stream) }
            index += 1
        }
        if index < queue.count { ending = queue[index...] + ending }
        queue = []
        swap(&queue, &sendable)
        index = 0
        while index < queue.count, context.channel.isWritable {
            guard let stream = streams[queue[index]] else {
                index += 1
                continue
            }
            guard rules.sendWindow > 0 || stream.machine.unsent == 0 else { break }
            index += 1
            if case .more = sendFrame(of: stream) { queue.append(stream.number) } else { stream.isQueued = false }
            if outbox.byteCount >= HTTP2Limits.maxJoinedBytes { passOn(context) }
        }
        if index < queue.count { sendable = queue[index...] + sendable }
    }

    private func sendEnd(of stream: HTTP2Stream) {
        stream.isQueued = false
        guard case .trailers(let headers) = stream.pending.end else { return }
        stream.pending.end = .none
        outbox.write(headers, stream: Int(stream.number), isLast: true)
        stream.machine.endSent()
        closeIfOver(stream)
    }

    private func sendFrame(of stream: HTTP2Stream) -> Sent {
        let allowed = max(0, min(stream.machine.sendWindow, rules.sendWindow, outbox.maxFrameBytes))
        guard allowed > 0 || stream.machine.unsent == 0, let (bytes, isLast) = stream.pending.take(upTo: allowed) else {
            return .done
        }
        let count = bytes.readableBytes
        var isEnd = false
        if isLast, case .data = stream.pending.end { isEnd = true }
        outbox.write(bytes, stream: Int(stream.number), isLast: isEnd)
        stream.machine.sent(count)
        rules.sent(count)
        unsent -= count
        if stream.resume != nil, !stream.machine.isFull { resumable.append(stream.number) }
        if isEnd {
            stream.pending.end = .none
            stream.machine.endSent()
            closeIfOver(stream)
        } else if isLast {
            sendEnd(of: stream)
        } else {
            return stream.machine.sendWindow > 0 ? .more : .done
        }
        return .done
    }

    /// Closes a stream of whose answer nothing is left.
    func closeIfOver(_ stream: HTTP2Stream) {
        guard stream.machine.answer == .ended, stream.machine.hasSentEnd, !stream.isGone else { return }
        if stream.machine.request == .complete {
            close(stream)
        } else {
            // The client is still sending what nobody wants: it is told to stop, behind the answer.
            reset(stream, .noError)
        }
    }

    // MARK: Control frames

    /// Ends a stream without a word.
    func reset(_ stream: HTTP2Stream, _ reason: HTTP2Reason) {
        guard !stream.isGone else { return }
        writeReset(stream.number, reason)
        close(stream)
    }

    /// Writes a RST_STREAM for a stream that isn't open, or won't be.
    func writeReset(_ number: UInt64, _ reason: HTTP2Reason) {
        outbox.writeReset(stream: Int(number), reason)
        rules.ended(Int(number))
        controlWritten()
    }

    /// A frame was written that the client may cause any number of: they must not pile up before it takes them.
    func controlWritten() {
        flushSoon()
        if !isWritable, rules.controlWaits() { context?.close(promise: nil) }
    }

    // MARK: The socket

    /// Has what was written handed to the socket: with the end of the read, or when the loop has done what it is at.
    func flushSoon() {
        guard !isInRead, !isFlushDue else { return }
        isFlushDue = true
        loop.eventLoop.assumeIsolated().execute { self.flushNow() }
    }

    /// Hands what was written to the socket.
    func flushNow() {
        isFlushDue = false
        guard let context else { return }
        if !sendable.isEmpty || !ending.isEmpty { sendWaiting(context) }
        if outbox.byteCount > 0 { passOn(context) }
        context.flush()
        outbox.reuse()
        resumeWriters()
        if !context.channel.isWritable { machine.writabilityChanged(isWritable: false, now: loop.time.now) }
    }

    /// Gives what was written to the channel, which holds it until it is flushed.
    func passOn(_ context: ChannelHandlerContext) {
        // One by one: a write may tell that the socket is full, and who hears of that may write.
        while let part = outbox.take() { context.write(wrapOutboundOut(.byteBuffer(part)), promise: nil) }
    }

    /// Has applications go on whose clients take bytes again.
    func resumeWriters() {
        guard !resumable.isEmpty else { return }
        let numbers = resumable
        resumable = []
        for number in numbers {
            guard let stream = streams[number], !stream.machine.isFull, let resume = stream.resume else { continue }
            stream.resume = nil
            resume()
        }
    }
}
