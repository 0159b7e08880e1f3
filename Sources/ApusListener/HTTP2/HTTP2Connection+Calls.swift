internal import ApusCore
internal import NIOCore
internal import NIOHPACK

/// gRPC calls: the frames of gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
extension HTTP2Connection: GRPCAnswering {
    func admit(_ head: GRPCRequestHead, _ stream: HTTP2Stream) {
        if let timeout = head.timeout {
            stream.deadline = Deadline(time: stream.received.advanced(byNanoseconds: timeout))
        }
        if let fault = head.fault { return finishCall(stream, fault) }
        guard head.fieldCount <= configuration.limits.maxHeaderCount else {
            let limit = configuration.limits.maxHeaderCount
            let text = "the call has \(head.fieldCount) header fields: expected at most \(limit)"
            return finishCall(stream, GRPCStatus(.resourceExhausted, text))
        }
        guard let application = applications.grpc else { return finishCall(stream, .noService) }
        switch application.admit(head, on: makeCall(stream)) {
        case .unary(let handler): stream.kind = .unary(handler, head)
        case .stream(let handler): accept(handler, on: stream)
        case .refuse(let status): finish(stream, status)
        }
    }

    private func accept(_ handler: any GRPCStreamHandler, on stream: HTTP2Stream) {
        stream.machine.mayPause = true
        // It may have ended its call at once.
        guard stream.machine.answer != .ended else { return handler.close() }
        stream.kind = .messages(handler)
        guard let time = stream.deadline.time else { return }
        let expiry = CallExpiry(connection: NIOLoopBound(self, eventLoop: loop.eventLoop), number: stream.number)
        stream.expiry = loop.expire(CancellationHandle(expiry), at: time)
    }

    /// The deadline of a streaming call's client has passed.
    fileprivate func expire(_ number: UInt64) {
        guard let stream = answerable(number) else { return }
        finishCall(stream, .deadlineExceeded)
    }

    private func makeCall(_ stream: HTTP2Stream) -> GRPCCall {
        GRPCCall(
            connection: self,
            number: stream.number,
            received: stream.received,
            deadline: stream.deadline,
            loop: loop
        )
    }

    // MARK: Messages

    /// Takes bytes of messages; they are in hand already.
    func receive(messages bytes: ByteBuffer, on stream: HTTP2Stream) {
        stream.parser.append(bytes)
        do throws(GRPCStatus) {
            while let message = try stream.parser.next() {
                switch stream.kind {
                case .unary:
                    guard stream.message == nil else { throw .manyMessages }
                    stream.message = message
                case .messages(let handler):
                    guard take(HTTP2Limits.messageOverhead, for: stream) else { throw .budgetExhausted }
                    stream.machine.messageHandedOn(message.bytes.readableBytes + HTTP2Limits.messageOverhead)
                    // The prefix is nobody's.
                    giveBack(GRPCMessageParser.prefixBytes, of: stream)
                    handler.receive(message)
                case .http, .none:
                    return
                }
            }
            if case .messages = stream.kind { stream.machine.mayPause = !stream.parser.isWithinMessage }
        } catch {
            finishCall(stream, error)
        }
    }

    func endMessages(_ stream: HTTP2Stream, _ handler: any GRPCStreamHandler) {
        guard !stream.parser.isWithinMessage else { return finishCall(stream, .partOfMessage) }
        handler.receiveEnd()
    }

    func handOn(_ stream: HTTP2Stream, _ handler: any GRPCUnaryHandler, _ head: GRPCRequestHead) {
        guard !stream.parser.isWithinMessage else { return finishCall(stream, .partOfMessage) }
        guard let message = stream.message else { return finishCall(stream, .noMessage) }
        stream.message = nil
        stream.kind = .none
        handler.respond(to: head, message: message, on: makeCall(stream))
    }

    func taken(_ number: UInt64, _ byteCount: Int) {
        guard let stream = streams[number] else { return }
        giveBack(byteCount + HTTP2Limits.messageOverhead, of: stream)
        stream.machine.messageTaken(byteCount + HTTP2Limits.messageOverhead)
        openWindow(of: stream)
    }

    // MARK: Answers

    func sendHead(_ number: UInt64, _ fields: [(name: String, value: String)], coding: GRPCRequestHead.Coding) {
        guard let stream = answerable(number), stream.machine.answer == .none else { return }
        var headers = HTTP2BlockWriter.Constant.callHead.headers
        if coding != .identity { headers.add(name: "grpc-encoding", value: coding.rawValue) }
        for field in fields { headers.add(name: field.name, value: field.value) }
        stream.machine.answerBegan()
        write(headers, on: stream, isLast: false)
        flushSoon()
    }

    func send(_ number: UInt64, _ message: consuming HTTPResponseBody, isCompressed: Bool) -> HTTPAnswerFate {
        guard let stream = answerable(number) else { return fate(of: number) }
        // Not a copy: its memory would be taken anew when the prefix is written.
        var bytes = ByteBuffer()
        swap(&bytes, &message.buffer)
        let length = bytes.readableBytes
        let start = bytes.readerIndex - GRPCMessageParser.prefixBytes
        precondition(start >= 0, "room is kept in front of each message")
        guard let size = UInt32(exactly: length) else { return .clientGone }
        guard hold(message.charge.take(), for: length, on: stream) else { return .clientGone }
        bytes.setInteger(UInt8(isCompressed ? 1 : 0), at: start)
        bytes.setInteger(size, at: start + 1)
        bytes.moveReaderIndex(to: start)
        if stream.machine.answer == .none {
            stream.machine.answerBegan()
            write(.callHead, on: stream, isLast: false)
        }
        write(bytes, on: stream, isLast: false)
        keep(bytes)
        flushSoon()
        return .sent
    }

    func finish(_ number: UInt64, _ status: GRPCStatus) -> HTTPAnswerFate {
        guard let stream = answerable(number) else { return fate(of: number) }
        finish(stream, status)
        return .sent
    }

    /// Ends a call for the connection's own reasons; its application hears of it.
    func finishCall(_ stream: HTTP2Stream, _ status: GRPCStatus) {
        guard stream.machine.answer != .ended else { return }
        let waiting = stream.cancellation
        finish(stream, status)
        applications.grpc?.refused(status)
        waiting.cancel()
    }

    private func finish(_ stream: HTTP2Stream, _ status: GRPCStatus) {
        let kind = stream.kind
        stream.kind = .none
        stream.parser.reset()
        // Before the last frame: the stream may be gone behind it.
        forgetCancellation(stream)
        stream.message = nil
        if stream.machine.answer == .begun, status.code == .ok, status.fields.isEmpty {
            write(.callSuccess, on: stream, isLast: true)
        } else {
            write(trailers(status, isWhole: stream.machine.answer == .none), on: stream, isLast: true)
        }
        answerEnded(stream)
        if case .messages(let handler) = kind { handler.close() }
    }

    /// The trailers of an answer, with its head when they are the whole of it.
    private func trailers(_ status: GRPCStatus, isWhole: Bool) -> HPACKHeaders {
        var trailers = isWhole ? HTTP2BlockWriter.Constant.callHead.headers : HPACKHeaders()
        trailers.add(name: "grpc-status", value: String(status.code.rawValue))
        if !status.message.isEmpty { trailers.add(name: "grpc-message", value: status.encodedMessage) }
        for field in status.fields { trailers.add(name: field.name, value: field.value) }
        return trailers
    }
}

/// Ends a streaming call at its client's deadline.
private final class CallExpiry: CancellableRequest {
    private let connection: NIOLoopBound<HTTP2Connection>
    private let number: UInt64

    init(connection: NIOLoopBound<HTTP2Connection>, number: UInt64) {
        self.connection = connection
        self.number = number
    }

    func cancel() {}

    func expire() {
        connection.value.expire(number)
    }
}
