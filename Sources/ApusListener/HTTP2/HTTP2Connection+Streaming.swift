internal import ApusCore
internal import NIOCore

/// Answers over HTTP that come in parts.
extension HTTP2Connection {
    func begin(_ number: UInt64, _ head: consuming HTTPResponseHead) -> HTTPAnswerFate {
        guard let stream = answerable(number), stream.machine.answer == .none else { return fate(of: number) }
        stream.machine.answerBegan()
        // The request has been taken whole; what it holds isn't needed for as long as the answer may take.
        giveBack(stream.held, of: stream)
        write(head.fields(date: loop.date, contentLength: nil), on: stream, isLast: false)
        flushSoon()
        return .sent
    }

    func append(_ number: UInt64, _ part: consuming HTTPResponseBody) -> HTTPAnswerFate {
        guard let stream = answerable(number), stream.machine.answer == .begun else { return fate(of: number) }
        let bytes = part.buffer
        guard bytes.readableBytes > 0, !stream.isForHead else { return .sent }
        guard hold(part.charge.take(), for: bytes.readableBytes, on: stream) else { return .clientGone }
        write(bytes, on: stream, isLast: false)
        flushSoon()
        return .sent
    }

    func end(_ number: UInt64) -> HTTPAnswerFate {
        guard let stream = answerable(number), stream.machine.answer == .begun else { return fate(of: number) }
        forgetCancellation(stream)
        write(ByteBuffer(), on: stream, isLast: true)
        answerEnded(stream)
        return .sent
    }

    func breakOff(_ number: UInt64) {
        guard let stream = answerable(number), stream.machine.answer == .begun else { return }
        reset(stream, .internalError)
    }

    func demand(of number: UInt64) -> Int {
        guard let stream = answerable(number) else { return 1 }
        return stream.machine.isFull ? 0 : 1
    }

    func whenDemanded(_ number: UInt64, _ resume: @escaping @Sendable () -> Void) {
        guard let stream = answerable(number), stream.machine.isFull else { return resume() }
        stream.resume = resume
    }
}
