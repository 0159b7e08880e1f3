internal import NIOCore

/// Stands between NIO's frame layer and the socket: joins what is written between two flushes, and lets frames pass that
/// the frame layer doesn't know of.
///
/// The frame layer writes a frame's head and its payload each by themselves, nine bytes here and five there. Joined, an
/// answer is one buffer instead of five.
final class HTTP2Wire: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// What is longer isn't copied.
    private static let maxCopied = 4096
    /// The most memory kept for what comes next.
    private static let maxSpare = 64 << 10

    private var joined = ByteBuffer()
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard promise == nil, case .byteBuffer(var bytes) = unwrapOutboundIn(data),
            bytes.readableBytes <= HTTP2Wire.maxCopied
        else {
            passOn(context)
            context.write(data, promise: promise)
            return
        }
        joined.writeBuffer(&bytes)
        if joined.readableBytes >= HTTP2Wire.maxSpare { passOn(context) }
    }

    func flush(context: ChannelHandlerContext) {
        passOn(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        passOn(context)
        context.close(mode: mode, promise: promise)
    }

    /// Writes a whole frame past the frame layer.
    func writeFrame(_ frame: ByteBuffer) {
        var frame = frame
        joined.writeBuffer(&frame)
    }

    /// Closes the channel when all that was written has left.
    func closeWhenWritten() {
        guard let context else { return }
        passOn(context)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer()))).assumeIsolated().whenComplete { _ in
            self.context?.close(promise: nil)
        }
    }

    private func passOn(_ context: ChannelHandlerContext) {
        guard joined.readableBytes > 0 else { return }
        context.write(wrapOutboundOut(.byteBuffer(joined)), promise: nil)
        if joined.storageCapacity > HTTP2Wire.maxSpare {
            joined = ByteBuffer()
        } else {
            // Taken anew when the socket still holds it.
            joined.clear()
        }
    }
}

extension ByteBuffer {
    /// A GOAWAY that refuses no stream (RFC 9113 §6.8): the largest number, no error.
    ///
    /// Not through NIO's frame layer: that one refuses every new stream from the first GOAWAY on, whatever its number.
    static let announcement = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])
}
