import NIOCore

/// Stands where the socket would: notes closes, and keeps the channel open when only the sending side is closed.
final class RecordingOutbound: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var closes: [CloseMode] = []
    private(set) var flushCount = 0
    /// Whether the client takes bytes; those that it doesn't take stay in the channel.
    var takesBytes = true

    func flush(context: ChannelHandlerContext) {
        flushCount += 1
        if takesBytes { context.flush() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        closes.append(mode)
        if mode == .output {
            promise?.succeed()
        } else {
            context.close(mode: mode, promise: promise)
        }
    }
}
