package import ApusCore
internal import NIOCore

/// A connection that takes what calls are answered with, on its event loop.
protocol GRPCAnswering: HTTPAnswering {
    /// Takes a message, behind the head, which is sent with the first one.
    func send(_ number: UInt64, _ message: consuming HTTPResponseBody, isCompressed: Bool) -> HTTPAnswerFate
    /// Sends the head before there is a message.
    func sendHead(_ number: UInt64, _ fields: [(name: String, value: String)], coding: GRPCRequestHead.Coding)
    /// Takes the call's end.
    func finish(_ number: UInt64, _ status: GRPCStatus) -> HTTPAnswerFate
    /// Bytes of messages have been taken.
    func taken(_ number: UInt64, _ byteCount: Int)
}

/// One gRPC call that waits for its answer; all on the event loop only.
package struct GRPCCall: Sendable {
    private let connection: NIOLoopBound<any GRPCAnswering>
    private let number: UInt64
    /// When its head came.
    package let received: MonotonicTime
    /// When its client stops waiting.
    package let deadline: Deadline
    /// The services of the event loop that it lives on.
    package let loop: LoopServices

    init(
        connection: any GRPCAnswering,
        number: UInt64,
        received: MonotonicTime,
        deadline: Deadline,
        loop: LoopServices
    ) {
        self.connection = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        self.number = number
        self.received = received
        self.deadline = deadline
        self.loop = loop
    }

    /// Starts a message.
    package func makeBody() -> HTTPResponseBody { connection.value.makeBody() }

    /// What would become of an answer that was given now.
    package var fate: HTTPAnswerFate { connection.value.fate(of: number) }

    /// Sends the head before the first message, with fields of the caller's own.
    ///
    /// - Parameters:
    ///   - fields: Names in lower case; values without control characters.
    ///   - coding: How messages sent as compressed are compressed.
    package func sendHead(_ fields: [(name: String, value: String)] = [], coding: GRPCRequestHead.Coding = .identity) {
        connection.value.sendHead(number, fields, coding: coding)
    }

    /// Sends a message.
    @discardableResult
    package func send(_ message: consuming HTTPResponseBody, isCompressed: Bool = false) -> HTTPAnswerFate {
        connection.value.send(number, message, isCompressed: isCompressed)
    }

    /// Ends the call; behind messages that were sent, or without any.
    @discardableResult
    package func finish(_ status: GRPCStatus) -> HTTPAnswerFate {
        connection.value.finish(number, status)
    }

    /// How many more messages the client can take now: 0 while it lets much wait.
    ///
    /// Above 0 when nobody waits any more.
    package var demand: Int { connection.value.demand(of: number) }

    /// Has `resume` called once, when the demand is above 0 again; called while it is 0.
    package func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        connection.value.whenDemanded(number, resume)
    }

    /// Says that bytes of messages are no longer needed: their memory is given back and the client may send more.
    package func taken(_ byteCount: Int) {
        connection.value.taken(number, byteCount)
    }

    /// Has the request called back when its client goes away or its deadline passes.
    package func cancel(with handle: CancellationHandle) {
        guard !handle.isFinished else { return }
        connection.value.note(number, handle)
    }

    /// Has asynchronous work done in the connection's own task group.
    package func perform(_ work: @escaping @Sendable () async -> Void) {
        connection.value.perform(number, work)
    }
}
