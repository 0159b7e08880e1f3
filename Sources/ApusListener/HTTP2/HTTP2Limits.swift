internal import ApusCore
internal import NIOCore
internal import NIOHTTP2

/// What an HTTP/2 connection allows its client, and what of that NIO's frame layer looks after.
///
/// Every number is one of HARDENING.md's floods: each has a test that sends it.
enum HTTP2Limits {
    /// Streams open at once.
    static let maxStreams = 1024
    /// Bytes that a client may send on one stream before some of them have been taken.
    static let streamWindow = 1 << 20
    /// Bytes that a client may send on all streams before some of them have been taken.
    static let connectionWindow = 8 << 20
    /// Bytes of messages that a streaming call may have in hand; beyond, its window stays shut.
    static let maxUnreadBytes = 1 << 20
    /// What a message takes besides its bytes: a client may send many that are empty.
    static let messageOverhead = 128
    /// Payload of a frame; larger than the default since large tensors come in thousands of frames otherwise.
    static let maxFrameBytes = 256 << 10
    /// CONTINUATION frames behind one HEADERS.
    static let maxContinuations = 5
    /// Empty DATA frames in a row.
    static let maxEmptyDataFrames = 16
    /// Streams that a client resets in half a minute: as many as nghttp2 lets pass.
    static let maxResets = 1000
    /// PING, SETTINGS and PRIORITY frames in a second; some clients measure the round trip with every answer.
    static let maxControlFrames = 1000
    /// Frames that break rules of one stream, in half a minute and all together.
    static let maxStreamErrors = (inWindow: 200, inAll: 10_000)
    /// Bytes of an answer that may wait for its client before the application is told to wait.
    static let maxUnsentBytes = 64 << 10
    /// Bytes of small answers that may wait on one connection before they are charged.
    static let maxUnchargedUnsentBytes = 256 << 10
    /// The least that a client must take of an answer within the write limit.
    static let leastProgress = 1 << 10

    /// NIO's frame layer with these limits.
    static func makeFrameLayer(_ limits: InputLimits, delegate: any NIOHTTP2FrameDelegate) -> NIOHTTP2Handler {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: maxStreams),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxFrameSize, value: maxFrameBytes),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.maxHeaderBytes),
        ]
        connection.maximumSequentialContinuationFrames = maxContinuations
        connection.maximumSequentialEmptyDataFrames = maxEmptyDataFrames
        connection.maximumBufferedControlFrames = maxControlFrames
        connection.maximumRecentlyResetStreams = maxStreams
        connection.maximumConnectionGlitches = maxStreamErrors.inAll
        connection.controlFrameRateLimit.maximumCount = maxControlFrames
        connection.controlFrameRateLimit.windowLength = .seconds(1)
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.streamResetFrameRateLimit.maximumCount = maxResets
        stream.streamErrorRateLimit.maximumCount = maxStreamErrors.inWindow
        return NIOHTTP2Handler(
            mode: .server,
            frameDelegate: delegate,
            connectionConfiguration: connection,
            streamConfiguration: stream
        )
    }
}
