package import ApusCore
package import NIOCore

/// What answers requests; one for each event loop, used on it only.
package protocol HTTPApplication: AnyObject {
    /// Decides on a request whose head has arrived, before its body is taken.
    func admit(_ head: HTTPRequestHead) -> HTTPAdmission
    /// Answers a request that has arrived whole; the answer may come later, through the exchange.
    ///
    /// - Parameters:
    ///   - head: The head, valid for this call.
    ///   - operation: What `admit` made of this head.
    ///   - body: The body; memory behind it may be readable too.
    ///   - exchange: Takes the answer.
    func respond(
        to head: HTTPRequestHead,
        operation: AdmittedOperation,
        body: ByteBuffer,
        on exchange: HTTPExchange
    )
    /// Makes the answer for something that is no request.
    func answer(to fault: HTTPParsingFault) -> (HTTPResponseHead, [UInt8])
}

/// What an application says of a head.
package enum HTTPAdmission {
    /// Take the body, then come back with this.
    case accept(AdmittedOperation)
    /// Answer at once; the body is not taken.
    case refuse(HTTPResponseHead, [UInt8])
}

/// What became of an answer.
package enum HTTPAnswerFate: Sendable {
    /// It is on its way.
    case sent
    /// Dropped: the client has gone.
    case clientGone
    /// Dropped: the connection was told to end and refused the request itself.
    case refused
}

/// A connection or stream that takes answers, on its event loop.
protocol HTTPAnswering: AnyObject {
    /// Starts a body in memory of the connection.
    func makeBody() -> HTTPResponseBody
    /// Has asynchronous work for the request with a number done in the connection's own task, side by side with that of
    /// its other requests; a connection whose task has ended refuses the request.
    func perform(_ number: UInt64, _ work: @escaping @Sendable () async -> Void)
    /// Keeps what calls a request back when its client goes away or its deadline passes, in the place of what was kept
    /// before; calls it back at once when nobody waits for its answer any more.
    func note(_ number: UInt64, _ cancellation: CancellationHandle)
    /// Calls the request with a number back: nobody wants more of it.
    func callBack(_ number: UInt64)
    /// What would become of an answer to the request with a number.
    func fate(of number: UInt64) -> HTTPAnswerFate
    /// Takes the answer to the request with a number; a second one, or one that comes too late, is dropped.
    func answer(
        _ number: UInt64,
        _ head: consuming HTTPResponseHead,
        _ body: consuming HTTPResponseBody
    ) -> HTTPAnswerFate
    /// Takes the head of an answer that comes in parts.
    func begin(_ number: UInt64, _ head: consuming HTTPResponseHead) -> HTTPAnswerFate
    /// Takes a part of an answer that has begun.
    func append(_ number: UInt64, _ part: consuming HTTPResponseBody) -> HTTPAnswerFate
    /// Ends an answer that has begun.
    func end(_ number: UInt64) -> HTTPAnswerFate
    /// Ends an answer that can't be completed in a way that its client can't take for an end.
    func breakOff(_ number: UInt64)
    /// How many more parts the client can take now.
    func demand(of number: UInt64) -> Int
    /// Has something called once the demand is above 0 again.
    func whenDemanded(_ number: UInt64, _ resume: @escaping @Sendable () -> Void)
}

/// One request that waits for its answer.
package struct HTTPExchange: Sendable {
    let connection: NIOLoopBound<any HTTPAnswering>
    let number: UInt64
    /// When the first byte of the request came.
    package let received: MonotonicTime
    /// The services of the event loop that it lives on.
    package let loop: LoopServices

    init(
        connection: any HTTPAnswering,
        number: UInt64,
        received: MonotonicTime,
        loop: LoopServices
    ) {
        self.connection = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        self.number = number
        self.received = received
        self.loop = loop
    }

    /// Starts a body; on the event loop only.
    package func makeBody() -> HTTPResponseBody {
        connection.value.makeBody()
    }

    /// What would become of an answer that was given now; on the event loop only.
    package var fate: HTTPAnswerFate { connection.value.fate(of: number) }

    /// Gives the answer; on the event loop only.
    @discardableResult
    package func answer(_ head: consuming HTTPResponseHead, _ body: consuming HTTPResponseBody) -> HTTPAnswerFate {
        connection.value.answer(number, head, body)
    }

    /// Has asynchronous work done in the connection's own task; on the event loop only.
    package func perform(_ work: @escaping @Sendable () async -> Void) {
        connection.value.perform(number, work)
    }

    /// Has the request called back when its client goes away or its deadline passes; on the event loop only.
    package func cancel(with handle: CancellationHandle) {
        guard !handle.isFinished else { return }
        connection.value.note(number, handle)
    }

    /// Calls the request back, since its answer is as complete as it will be; on the event loop only.
    package func callBack() {
        connection.value.callBack(number)
    }

    /// Gives an answer with a ready body; on the event loop only.
    @discardableResult
    package func answer(_ head: HTTPResponseHead, bytes: [UInt8]) -> HTTPAnswerFate {
        var body = makeBody()
        body.buffer.writeBytes(bytes)
        return answer(head, body)
    }
}
