package import NIOCore

/// What serves gRPC calls; one for each event loop, used on it only.
///
/// The connection does the framing: heads, length-prefixed messages, trailers, flow control. What is in a message,
/// compressed or not, is the application's business.
package protocol GRPCApplication: AnyObject {
    /// Decides on a call whose head has arrived, before any of its messages is taken.
    func admit(_ head: GRPCRequestHead, on call: GRPCCall) -> GRPCAdmission
    /// A call was answered without the application: its stream broke a rule, or came too late.
    func refused(_ status: GRPCStatus)
}

/// What an application says of a call's head.
package enum GRPCAdmission {
    /// The call has one message, which is wanted when it is there whole.
    case unary(any GRPCUnaryHandler)
    /// Messages are wanted as they come.
    case stream(any GRPCStreamHandler)
    /// Answer at once; no message is taken.
    case refuse(GRPCStatus)
}

/// Answers calls of one message; one object may serve all of them.
package protocol GRPCUnaryHandler: AnyObject {
    /// Answers a call whose message has arrived and whose client has ended its side; the answer may come later.
    func respond(to head: GRPCRequestHead, message: GRPCMessage, on call: GRPCCall)
}

/// Takes the messages of one call.
package protocol GRPCStreamHandler: AnyObject {
    /// A message has arrived. Its bytes hold memory of the budget until `GRPCCall.taken` is told of them.
    func receive(_ message: GRPCMessage)
    /// The client has ended its side.
    func receiveEnd()
    /// The call is over, whoever ended it: nothing more comes and nothing more can be sent. Called once.
    func close()
}

/// One message of a call, as it came.
package struct GRPCMessage: Sendable {
    /// Its bytes; memory behind them may be readable too.
    package var bytes: ByteBuffer
    /// Whether they are compressed with the call's `grpc-encoding`.
    package var isCompressed: Bool

    /// Puts a message together.
    package init(bytes: ByteBuffer, isCompressed: Bool = false) {
        self.bytes = bytes
        self.isCompressed = isCompressed
    }
}
