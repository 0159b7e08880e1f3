internal import ApusCore

/// What an HTTP/2 connection allows its client.
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

    /// The largest window that there may be.
    static let maxWindow = Int(Int32.max)
    /// What every window is at first, until settings say otherwise.
    static let firstWindow = 65_535
    /// Bytes that are written before the socket is asked whether it takes more.
    static let maxJoinedBytes = 64 << 10

    /// Bytes of a header block, and of the list that it decodes to, that are looked at; what is above the limit of
    /// requests and below this is refused on its stream, what is above this ends the connection.
    static func maxDecodedBytes(_ limits: InputLimits) -> Int { 2 * limits.maxHeaderBytes }

    /// Our SETTINGS.
    static func settings(_ limits: InputLimits) -> [(name: UInt16, value: Int)] {
        [(3, maxStreams), (4, streamWindow), (5, maxFrameBytes), (6, limits.maxHeaderBytes)]
    }
}
