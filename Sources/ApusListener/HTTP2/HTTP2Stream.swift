internal import ApusCore
internal import NIOCore

/// One stream of an HTTP/2 connection: its state, and what belongs to its request.
final class HTTP2Stream {
    /// Who answers it.
    enum Kind {
        /// The HTTP application, when the request is there whole.
        case http(HTTPRequestHead, AdmittedOperation)
        /// A gRPC call of one message.
        case unary(any GRPCUnaryHandler, GRPCRequestHead)
        /// A gRPC call of any number of messages.
        case messages(any GRPCStreamHandler)
        /// Nobody: it has been refused.
        case none
    }

    let number: UInt64
    let received: MonotonicTime
    var machine: HTTP2StreamStateMachine
    var kind = Kind.none
    /// Whether it is a gRPC call; refusals look different then.
    var isCall = false
    /// Whether its answer has no body.
    var isForHead = false
    var deadline = Deadline.none
    /// The body of a request over HTTP.
    var body = ByteBuffer()
    /// The messages of a call.
    var parser: GRPCMessageParser
    /// The only message of a unary call.
    var message: GRPCMessage?
    /// Bytes of its request that are in hand.
    var held = 0
    /// What its answer holds of the budget until it has left.
    var answerCharges: [HandOver<ByteCharge>] = []
    /// Calls the request back that is being answered.
    var cancellation = CancellationHandle.finished
    /// Takes its deadline back.
    var expiry: DeadlineQueue<CancellationHandle>.Ticket?
    /// Called when the client takes bytes again.
    var resume: (@Sendable () -> Void)?
    /// Whether the request was refused by the connection.
    var isRefused = false
    /// Whether it is to be reset once its answer has left, because its request hasn't come to an end.
    var resetsBehindAnswer = false

    init(number: UInt64, received: MonotonicTime, timeouts: ConnectionTimeouts, limits: InputLimits) {
        self.number = number
        self.received = received
        self.machine = HTTP2StreamStateMachine(timeouts: timeouts, now: received)
        self.parser = GRPCMessageParser(maxBytes: limits.maxMessageBytes)
    }
}
