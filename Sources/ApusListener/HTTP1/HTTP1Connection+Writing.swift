internal import ApusCore
internal import NIOCore

extension HTTP1Connection: HTTPAnswering {
    /// Memory of an answer that a connection keeps for the next one, at most.
    private static let maxSpareBytes = 64 << 10

    func makeBody() -> HTTPResponseBody {
        HTTPResponseBody(reusing: loop.takeSpare())
    }

    func perform(_ number: UInt64, _ work: @escaping @Sendable () async -> Void) {
        guard number == self.number, machine.state == .responding else { return }
        if case .terminated = self.work.yield(work) { refuse(.shuttingDown) }
    }

    func note(_ number: UInt64, _ cancellation: CancellationHandle) {
        guard number == self.number, machine.state == .responding else { return cancellation.cancel() }
        self.cancellation = cancellation
        guard let time = cancellation.deadline.time else { return }
        if let expiry { loop.forget(expiry) }
        expiry = loop.expire(cancellation, at: time)
    }

    func callBack(_ number: UInt64) {
        guard number == self.number, machine.state == .responding else { return }
        let waiting = cancellation
        forgetCancellation()
        waiting.cancel()
    }

    /// Nobody need call the request back any more.
    func forgetCancellation() {
        cancellation = .finished
        if let expiry { loop.forget(expiry) }
        expiry = nil
    }

    func fate(of number: UInt64) -> HTTPAnswerFate {
        if number == self.number, machine.state == .responding { return .sent }
        return number == refusedNumber ? .refused : .clientGone
    }

    func answer(
        _ number: UInt64,
        _ head: consuming HTTPResponseHead,
        _ body: consuming HTTPResponseBody
    ) -> HTTPAnswerFate {
        let fate = fate(of: number)
        guard fate == .sent, streaming == nil else { return fate }
        write(head, body)
        if !isParsing { parseAll() }
        return .sent
    }

    /// Answers something that is no request; the connection ends with it.
    func refuse(_ fault: HTTPParsingFault) {
        var (head, bytes) = application.answer(to: fault)
        head.closes = true
        var body = makeBody()
        body.buffer.writeBytes(bytes)
        write(head, body)
    }

    /// Writes an answer and does what the state machine says next.
    func write(_ head: consuming HTTPResponseHead, _ body: consuming HTTPResponseBody) {
        guard let context else { return }
        let omitsBody = machine.state == .responding && isForHead
        // Requests that have arrived already are answered, whatever is to come.
        head.closes = head.closes || !clientKeepsAlive || machine.mustClose && inbound.readableBytes == 0
        head.confirmsKeepAlive = !isVersion11
        let charge = body.charge.take()
        let bytes = body.encoded(with: head, date: loop.date, omitsBody: omitsBody)
        let now = loop.time.now
        forgetCancellation()
        self.body.reset()
        switch machine.responseWritten(keepsAlive: !head.closes, now: now) {
        case .ignore:
            return
        case .readNext:
            if bytes.storageCapacity <= HTTP1Connection.maxSpareBytes { loop.keepSpare(bytes) }
            context.write(wrapOutboundOut(bytes), promise: promise(holding: charge, context))
            needsFlush = true
            // A lone answer leaves at once; those of a pipeline leave together.
            if !isParsing || inbound.readableBytes == 0 { flushIfNeeded() }
        case .linger:
            inbound = loop.emptyBuffer
            writeLast(bytes, context, promise: promise(holding: charge, context))
        }
    }

    /// Gives back what an answer holds of the budget when it has left; `nil` for a small one, which holds nothing.
    func promise(
        holding charge: consuming ByteCharge?,
        _ context: ChannelHandlerContext
    ) -> EventLoopPromise<Void>? {
        guard let charge else { return nil }
        let held = HandOver(charge)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in _ = held.take() }
        return promise
    }

    /// Hands what was written to the socket.
    func flushIfNeeded() {
        guard needsFlush, let context else { return }
        needsFlush = false
        context.flush()
        if !context.channel.isWritable {
            machine.writabilityChanged(isWritable: false, now: loop.time.now)
        }
    }

    /// Closes the channel when all that was written has left.
    func closeWhenWritten() {
        guard let context else { return }
        needsFlush = false
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            self.context?.close(promise: nil)
        }
    }

    /// Writes the last answer, then closes the sending side when it has left, and waits for the client's close: closing
    /// both sides at once would make the system reset the connection, and the answer might be lost.
    func writeLast(_ bytes: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        needsFlush = false
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
        written.futureResult.assumeIsolated().whenSuccess {
            self.machine.lastAnswerLeft(now: self.loop.time.now)
            self.context?.close(mode: .output, promise: nil)
            if self.machine.isOver { self.context?.close(promise: nil) }
        }
        if !context.channel.isWritable {
            machine.writabilityChanged(isWritable: false, now: loop.time.now)
        }
    }
}
