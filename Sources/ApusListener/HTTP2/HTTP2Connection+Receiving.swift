internal import ApusCore
internal import NIOCore
internal import NIOHTTP2

/// Frames that have come.
extension HTTP2Connection {
    func receive(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .headers(let headers):
            receive(headers, on: UInt64(Int(frame.streamID)))
        case .data(let data):
            guard let stream = streams[UInt64(Int(frame.streamID))] else { return }
            if case .byteBuffer(let bytes) = data.data { receive(bytes, isLast: data.endStream, on: stream) }
        case .ping(let data, ack: true) where data == HTTP2Connection.announcementPing:
            carryOut(machine.announcementHeard(now: loop.time.now))
        case .goAway:
            // The client opens no more streams; it waits for those that are open.
            carryOut(machine.goodbyeSaid(now: loop.time.now))
        default:
            // RST_STREAM comes as an event too; the rest is the frame layer's.
            break
        }
    }

    private func receive(_ headers: HTTP2Frame.FramePayload.Headers, on number: UInt64) {
        if let stream = streams[number] {
            // Trailers: nothing in them means anything to us, and they end the request.
            if headers.endStream { requestEnded(stream) }
            return
        }
        guard machine.streamOpened(Int(number)) else {
            let refusal = HTTP2Frame.FramePayload.rstStream(.refusedStream)
            return write(HTTP2Frame(streamID: HTTP2StreamID(Int(number)), payload: refusal))
        }
        let stream = HTTP2Stream(
            number: number,
            received: loop.time.now,
            timeouts: configuration.timeouts,
            limits: configuration.limits
        )
        streams[number] = stream
        if headers.endStream { stream.machine.requestEnded() }
        if let head = GRPCRequestHead(headers.headers) {
            stream.isCall = true
            admit(head, stream)
        } else {
            admit(headers, stream)
        }
        if headers.endStream { requestEnded(stream) }
    }

    private func admit(_ headers: HTTP2Frame.FramePayload.Headers, _ stream: HTTP2Stream) {
        do throws(HTTPParsingFault) {
            let head = try HTTPRequestHead(headers.headers, maxFields: configuration.limits.maxHeaderCount)
            stream.isForHead = head.method == .head
            switch applications.http.admit(head) {
            case .accept(let operation):
                guard (head.contentLength ?? 0) <= configuration.limits.maxBodyBytes else { throw .bodyTooLarge }
                stream.kind = .http(head, operation)
                if head.expectsContinue, !headers.endStream { writeContinue(stream) }
            case .refuse(let response, let bytes):
                refuse(stream, response, bytes)
            }
        } catch {
            refuse(stream, error)
        }
    }

    private func receive(_ bytes: ByteBuffer, isLast: Bool, on stream: HTTP2Stream) {
        let count = bytes.readableBytes
        stream.machine.dataArrived(count, now: loop.time.now)
        if isLast { stream.machine.requestEnded() }
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
        if isLast { requestEnded(stream) }
    }

    private func requestEnded(_ stream: HTTP2Stream) {
        stream.machine.requestEnded()
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

    // MARK: Windows

    /// Opens the connection's window as far as it goes; it starts with 65,535 bytes, which no setting changes.
    func openConnectionWindow() {
        let increment = machine.windowUpdate()
        guard increment > 0 else { return }
        write(HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: increment)))
    }

    func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
        guard let size = event.inboundWindowSize else { return }
        guard event.streamID != .rootStream else {
            machine.windowChanged(to: size)
            return openConnectionWindow()
        }
        guard let stream = streams[UInt64(Int(event.streamID))] else { return }
        stream.machine.windowChanged(to: size)
        openWindow(of: stream)
    }

    /// Opens a stream's window when half of it has been used.
    func openWindow(of stream: HTTP2Stream) {
        let increment = stream.machine.windowUpdate()
        guard increment > 0 else { return }
        let payload = HTTP2Frame.FramePayload.windowUpdate(windowSizeIncrement: increment)
        write(HTTP2Frame(streamID: HTTP2StreamID(Int(stream.number)), payload: payload))
        flushSoon()
    }

    // MARK: The end of a stream

    func streamClosed(_ event: StreamClosedEvent) {
        guard let stream = streams.removeValue(forKey: UInt64(Int(event.streamID))) else { return }
        release(stream)
        carryOut(machine.streamClosed(now: loop.time.now))
    }

    /// Lets go of what a stream that is gone still holds, and calls its request back.
    func release(_ stream: HTTP2Stream) {
        unsent -= stream.machine.unsent
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
