internal import ApusCore
internal import NIOCore
internal import NIOHPACK

/// Answers to requests over HTTP.
extension HTTP2Connection: HTTPAnswering {
    /// Memory of an answer that is kept for the next one, at most.
    private static let maxSpareBytes = 64 << 10
    /// Bytes kept free in front of a body: a message's prefix.
    private static let room = 16

    func makeBody() -> HTTPResponseBody {
        HTTPResponseBody(reusing: loop.takeSpare(), room: HTTP2Connection.room)
    }

    func perform(_ number: UInt64, _ work: @escaping @Sendable () async -> Void) {
        guard let stream = answerable(number) else { return }
        if case .terminated = self.work.yield(work) { refuse(stream, .shuttingDown) }
    }

    func note(_ number: UInt64, _ cancellation: CancellationHandle) {
        guard let stream = answerable(number) else { return cancellation.cancel() }
        stream.cancellation = cancellation
        guard let time = cancellation.deadline.time else { return }
        if let expiry = stream.expiry { loop.forget(expiry) }
        stream.expiry = loop.expire(cancellation, at: time)
    }

    func callBack(_ number: UInt64) {
        guard let stream = answerable(number) else { return }
        let waiting = stream.cancellation
        forgetCancellation(stream)
        waiting.cancel()
    }

    /// Nobody need call the request back any more.
    func forgetCancellation(_ stream: HTTP2Stream) {
        stream.cancellation = .finished
        if let expiry = stream.expiry { loop.forget(expiry) }
        stream.expiry = nil
    }

    func fate(of number: UInt64) -> HTTPAnswerFate {
        if answerable(number) != nil { return .sent }
        return areRefused ? .refused : .clientGone
    }

    func answer(
        _ number: UInt64,
        _ head: consuming HTTPResponseHead,
        _ body: consuming HTTPResponseBody
    ) -> HTTPAnswerFate {
        guard let stream = answerable(number), stream.machine.answer == .none else { return fate(of: number) }
        write(head, body, on: stream)
        return .sent
    }

    /// The stream of a request that still waits for its answer, or for the rest of it.
    func answerable(_ number: UInt64) -> HTTP2Stream? {
        guard let stream = streams[number], stream.machine.answer != .ended else { return nil }
        return stream
    }

    // MARK: Refusals

    /// Answers a stream for a fault; one whose answer has begun is reset.
    func refuse(_ stream: HTTP2Stream, _ fault: HTTPParsingFault) {
        guard stream.machine.answer == .none || stream.isCall else { return reset(stream, .internalError) }
        guard stream.machine.answer != .ended else { return }
        if stream.isCall {
            switch fault {
            case .shuttingDown: finishCall(stream, .shuttingDown)
            case .budgetExhausted: finishCall(stream, .budgetExhausted)
            default: finishCall(stream, .tooSlow)
            }
        } else {
            let (head, bytes) = applications.http.answer(to: fault)
            refuse(stream, head, bytes)
        }
    }

    /// Answers a stream whose request is not taken.
    func refuse(_ stream: HTTP2Stream, _ head: HTTPResponseHead, _ bytes: [UInt8]) {
        stream.kind = .none
        stream.body = ByteBuffer()
        var body = makeBody()
        body.buffer.writeBytes(bytes)
        write(head, body, on: stream)
    }

    func writeContinue(_ stream: HTTP2Stream) {
        write(HPACKHeaders([(":status", "100")]), on: stream, isLast: false)
    }

    // MARK: Frames

    private func write(_ head: consuming HTTPResponseHead, _ body: consuming HTTPResponseBody, on stream: HTTP2Stream) {
        let bytes = stream.isForHead ? ByteBuffer() : body.buffer
        let headers = head.fields(date: loop.date, contentLength: body.byteCount)
        guard hold(body.charge.take(), for: bytes.readableBytes, on: stream) else { return }
        // Before the last frame: the stream may be gone behind it.
        forgetCancellation(stream)
        write(headers, on: stream, isLast: bytes.readableBytes == 0)
        if bytes.readableBytes > 0 { write(bytes, on: stream, isLast: true) }
        keep(bytes)
        answerEnded(stream)
    }

    /// Keeps memory of an answer for the next one; it is taken anew when this one hasn't left by then.
    func keep(_ bytes: ByteBuffer) {
        if bytes.storageCapacity <= HTTP2Connection.maxSpareBytes { loop.keepSpare(bytes) }
    }

    /// Keeps what an answer holds of the budget until it has left.
    ///
    /// A small one holds nothing, unless many of them wait on this connection for a client that takes none.
    ///
    /// - Returns: `false` when there is no room for it; the stream has been reset then.
    func hold(_ charge: consuming ByteCharge?, for count: Int, on stream: HTTP2Stream) -> Bool {
        if let charge {
            stream.answerCharges.append(HandOver(charge))
        } else if unsent > HTTP2Limits.maxUnchargedUnsentBytes, count > 0 {
            guard let charge = ByteCharge(count, from: configuration.budget) else {
                reset(stream, .enhanceYourCalm)
                return false
            }
            stream.answerCharges.append(HandOver(charge))
        }
        return true
    }

    /// All of an answer has been written: the request holds nothing any more.
    func answerEnded(_ stream: HTTP2Stream) {
        stream.machine.answerEnded(now: loop.time.now)
        giveBack(stream.held, of: stream)
        stream.resume = nil
        stream.machine.requestAbandoned()
        flushSoon()
        closeIfOver(stream)
    }
}

extension HTTPResponseHead {
    /// The head's fields as HTTP/2 has them; `contentLength` is `nil` when it isn't known yet.
    func fields(date: String, contentLength: Int?) -> HPACKHeaders {
        var headers = HPACKHeaders([(":status", String(status)), ("content-type", contentType)])
        if let contentLength {
            headers.add(name: "content-length", value: String(contentLength), indexing: .nonIndexable)
        }
        headers.add(name: "date", value: date)
        if let inferenceHeaderLength {
            headers.add(name: "inference-header-content-length", value: String(inferenceHeaderLength))
        }
        if let contentEncoding {
            headers.add(name: "content-encoding", value: contentEncoding)
            headers.add(name: "vary", value: "accept-encoding")
        }
        for field in fields { headers.add(name: field.name.lowercased(), value: field.value) }
        return headers
    }
}
