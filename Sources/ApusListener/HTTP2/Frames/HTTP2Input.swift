internal import NIOCore

/// What has come from a client: a frame, a part of a DATA frame, or what is wrong with it.
enum HTTP2Input {
    /// A whole header block, CONTINUATION frames included.
    case headers(stream: Int, block: ByteBuffer, isLast: Bool)
    /// A part of a DATA frame; `size` is what it takes of the windows, padding included.
    case data(stream: Int, bytes: ByteBuffer, size: Int, isLast: Bool)
    case reset(stream: Int)
    case settings(HTTP2SettingsChange)
    case ping(UInt64)
    case pingAnswer(UInt64)
    case goAway
    case windowUpdate(stream: Int, increment: Int)
    /// One that asks for nothing: PRIORITY, the answer to our SETTINGS, a type that nobody knows.
    case nothing
    /// A rule of one stream is broken.
    case streamFault(stream: Int, HTTP2Reason)
    /// A rule of the connection is broken: nothing more is read.
    case fault(HTTP2Reason)
}

/// What a SETTINGS frame of a client's changes; `nil` where it says nothing.
struct HTTP2SettingsChange: Equatable {
    var headerTableBytes: Int?
    var initialWindow: Int?
    var maxFrameBytes: Int?

    /// Reads the payload, whose length is a multiple of six.
    init(_ payload: ByteBuffer) throws(HTTP2Reason) {
        var payload = payload
        while let (name, value) = payload.readMultipleIntegers(as: (UInt16, UInt32).self) {
            let value = Int(value)
            switch name {
            case 1: headerTableBytes = value
            case 2: guard value <= 1 else { throw .protocolError }
            case 4:
                guard value <= HTTP2Limits.maxWindow else { throw .flowControlError }
                initialWindow = value
            case 5:
                guard (16_384...0xff_ffff).contains(value) else { throw .protocolError }
                maxFrameBytes = value
            default: break
            }
        }
    }
}
