internal import ApusCore
internal import NIOCore
internal import NIOHPACK

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

    /// What of its answer waits for the client or the socket.
    struct Pending {
        private var parts: [ByteBuffer] = []
        private var first = 0
        /// What ends the answer behind all parts.
        var end = End.none

        /// How an answer ends.
        enum End {
            /// Not yet.
            case none
            /// With the last part, which may be empty.
            case data
            case trailers(HPACKHeaders)
        }

        var hasParts: Bool { first < parts.count }

        var isEmpty: Bool {
            if case .none = end { return !hasParts }
            return false
        }

        mutating func append(_ part: ByteBuffer) { parts.append(part) }

        /// Takes bytes of the first part.
        ///
        /// - Returns: The bytes, and whether they were the last of all parts.
        mutating func take(upTo count: Int) -> (bytes: ByteBuffer, isLast: Bool)? {
            guard hasParts else { return nil }
            if parts[first].readableBytes > count {
                return parts[first].readSlice(length: count).map { ($0, false) }
            }
            let bytes = parts[first]
            parts[first] = ByteBuffer()
            first += 1
            if first == parts.count {
                parts = []
                first = 0
            } else if first >= 64, first * 2 > parts.count {
                parts.removeFirst(first)
                first = 0
            }
            return (bytes, !hasParts)
        }
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
    /// What of its answer waits.
    var pending = Pending()
    /// Whether it stands in the connection's queue of those that may send.
    var isQueued = false
    /// Whether it has been closed.
    var isGone = false

    init(
        number: UInt64,
        received: MonotonicTime,
        machine: HTTP2StreamStateMachine,
        limits: InputLimits
    ) {
        self.number = number
        self.received = received
        self.machine = machine
        self.parser = GRPCMessageParser(maxBytes: limits.maxMessageBytes)
    }
}
