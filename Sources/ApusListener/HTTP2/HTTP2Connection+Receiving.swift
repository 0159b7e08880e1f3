internal import ApusCore
internal import NIOCore

/// Requests that come on streams.
extension HTTP2Connection {
    /// A stream has been opened by a request's head.
    func open(_ number: Int, _ request: HTTP2Request, isLast: Bool) throws(HTTP2Reason) {
        let now = loop.time.now
        let stream = HTTP2Stream(
            number: UInt64(number),
            received: now,
            machine: HTTP2StreamStateMachine(
                timeouts: configuration.timeouts,
                now: now,
                sendWindow: rules.initialSendWindow,
                contentLength: request.contentLength
            ),
            limits: configuration.limits
        )
        streams[stream.number] = stream
        do throws(HTTP2Reason) {
            if isLast { try stream.machine.requestEnded() }
            switch request.kind {
            case .call(let head):
                stream.isCall = true
                admit(head, stream)
            case .refusedCall(let status):
                stream.isCall = true
                finishCall(stream, status)
            case .http(let head): admit(head, stream, isLast: isLast)
            case .refused(let fault): refuse(stream, fault)
            case .malformed: throw .protocolError
            }
            if isLast { requestEnded(stream) }
        } catch {
            try streamFault(stream.number, error)
        }
    }

    private func admit(_ head: HTTPRequestHead, _ stream: HTTP2Stream, isLast: Bool) {
        stream.isForHead = head.method == .head
        switch applications.http.admit(head) {
        case .accept(let operation):
            guard (head.contentLength ?? 0) <= configuration.limits.maxBodyBytes else {
                return refuse(stream, .bodyTooLarge)
            }
            stream.kind = .http(head, operation)
            if head.expectsContinue, !isLast { writeContinue(stream) }
        case .refuse(let response, let bytes):
            refuse(stream, response, bytes)
        }
    }

    /// A part of a request's body has come; it has been found to be in order.
    func receive(_ bytes: ByteBuffer, on stream: HTTP2Stream) {
        let count = bytes.readableBytes
        switch stream.kind {
        case .none:
            break
        case .http:
            guard stream.body.readableBytes + count <= configuration.limits.maxBodyBytes else {
                return refuse(stream, .bodyTooLarge)
            }
            guard take(count, for: stream) else { return refuse(stream, .budgetExhausted) }
            append(bytes, to: stream)
        case .unary, .messages:
            guard take(count, for: stream) else { return finishCall(stream, .budgetExhausted) }
            receive(messages: bytes, on: stream)
        }
    }

    /// Hands a request on whose last frame has come.
    func requestEnded(_ stream: HTTP2Stream) {
        switch stream.kind {
        case .none: break
        case .http, .unary: handOn(stream)
        case .messages(let handler): endMessages(stream, handler)
        }
    }

    /// Joins what has come of a body; one that comes in one frame is used where it lies.
    private func append(_ bytes: ByteBuffer, to stream: HTTP2Stream) {
        guard stream.body.readableBytes > 0 else {
            stream.body = bytes
            return
        }
        if stream.body.readerIndex > 0 {
            guard case .http(let head, _) = stream.kind else { return }
            var fresh = ByteBuffer()
            let expected = min(head.contentLength ?? 0, HTTP2Connection.maxReserve)
            fresh.reserveCapacity(max(expected, stream.body.readableBytes + bytes.readableBytes) + 64)
            fresh.writeImmutableBuffer(stream.body)
            stream.body = fresh
        }
        stream.body.writeImmutableBuffer(bytes)
    }

    /// The most memory taken for a body before its bytes have come.
    private static let maxReserve = 256 << 10

    /// Hands a whole request to its application, or has it wait for the next turn when many have come at once.
    func handOn(_ stream: HTTP2Stream) {
        guard requestsInTurn < HTTP2Connection.maxRequestsInTurn else {
            if waiting.isEmpty { loop.queueForTurn(self) }
            waiting.append(stream.number)
            return
        }
        requestsInTurn += 1
        switch stream.kind {
        case .http(let head, let operation):
            stream.kind = .none
            let exchange = HTTPExchange(connection: self, number: stream.number, received: stream.received, loop: loop)
            var body = ByteBuffer()
            swap(&body, &stream.body)
            applications.http.respond(to: head, operation: operation, body: body, on: exchange)
        case .unary(let handler, let head):
            handOn(stream, handler, head)
        case .messages, .none:
            break
        }
    }

    /// Takes memory for bytes of a request.
    func take(_ count: Int, for stream: HTTP2Stream) -> Bool {
        guard charge.take(count) else { return false }
        stream.held += count
        return true
    }

    /// Gives memory of a request back.
    func giveBack(_ count: Int, of stream: HTTP2Stream) {
        let count = min(count, stream.held)
        stream.held -= count
        charge.giveBack(count)
    }

    // MARK: The end of a stream

    /// Takes a stream away on which nothing more comes nor goes.
    func close(_ stream: HTTP2Stream) {
        streams[stream.number] = nil
        release(stream)
        carryOut(machine.streamClosed(now: loop.time.now))
    }

    /// Lets go of what a stream that is gone still holds, and calls its request back.
    func release(_ stream: HTTP2Stream) {
        stream.isGone = true
        stream.machine.closed()
        unsent -= stream.machine.unsent
        stream.pending = HTTP2Stream.Pending()
        giveBack(stream.held, of: stream)
        stream.answerCharges = []
        let waiting = stream.cancellation
        forgetCancellation(stream)
        waiting.cancel()
        if case .messages(let handler) = stream.kind { handler.close() }
        stream.kind = .none
        stream.resume?()
        stream.resume = nil
    }
}
