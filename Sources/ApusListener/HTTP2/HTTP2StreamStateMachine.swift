internal import ApusCore

/// Where one stream of an HTTP/2 connection is: its request, its answer, the bytes that wait on both sides.
///
/// Pure: no clock, no channel. The connection feeds it events and carries out what it returns. What the client may not
/// send on this stream as it is (RFC 9113 §5.1, §5.2, §8.1.1) is thrown.
struct HTTP2StreamStateMachine {
    /// What has come of the request.
    enum Request: Equatable {
        case receiving
        case complete
        /// What still comes is thrown away.
        case abandoned
    }

    /// What has been given of the answer.
    enum Answer: Equatable {
        case none
        case begun
        case ended
    }

    /// What is to be done when time has passed.
    enum OnTick: Equatable {
        case nothing
        /// Answer that the request came too late.
        case refuse
        /// End the stream without a word.
        case reset
    }

    private(set) var request = Request.receiving
    private(set) var answer = Answer.none
    /// Bytes of the answer that are held back until client and socket take them.
    private(set) var unsent = 0
    /// Whether a gap between two reads is the client's right: a stream of messages, between two of them.
    var mayPause = false
    private let timeouts: ConnectionTimeouts
    private let began: MonotonicTime
    private var progress: BodyProgress
    /// Bytes that waited when the client last had taken enough of them, and when that was.
    private var mark: (unsent: Int, time: MonotonicTime)
    /// What the client may still send.
    private var window = HTTP2Limits.streamWindow
    /// What we may still send; below 0 when the client has taken back what it had allowed.
    private(set) var sendWindow: Int
    /// Whether the last frame of the answer has gone to the socket.
    private(set) var hasSentEnd = false
    /// Bytes of the body still to come; `nil` when nobody said how many there are.
    private var expected: Int?
    private var unread = 0

    init(
        timeouts: ConnectionTimeouts,
        now: MonotonicTime,
        sendWindow: Int = HTTP2Limits.firstWindow,
        contentLength: Int? = nil
    ) {
        self.sendWindow = sendWindow
        self.expected = contentLength
        self.timeouts = timeouts
        self.began = now
        self.progress = BodyProgress(now: now)
        self.mark = (0, now)
    }

    /// Whether both sides have said all.
    var isOver: Bool { request != .receiving && answer == .ended }

    /// Whether the application should wait before it writes more.
    var isFull: Bool { unsent >= HTTP2Limits.maxUnsentBytes }

    // MARK: The request

    /// Bytes of the request have come; they take `size` of the window.
    mutating func dataArrived(_ count: Int, size: Int, now: MonotonicTime) throws(HTTP2Reason) {
        guard request != .complete else { throw .streamClosed }
        guard size <= window else { throw .flowControlError }
        window -= size
        progress.add(count, now: now)
        guard let expected, request == .receiving else { return }
        guard count <= expected else { throw .protocolError }
        self.expected = expected - count
    }

    /// Trailers have come.
    func trailersArrived(isLast: Bool) throws(HTTP2Reason) {
        guard request != .complete else { throw .streamClosed }
        guard isLast else { throw .protocolError }
    }

    /// The client has ended its side.
    mutating func requestEnded() throws(HTTP2Reason) {
        guard request == .receiving else {
            request = .complete
            return
        }
        request = .complete
        if let expected, expected > 0 { throw .protocolError }
    }

    /// Nobody wants the rest of the request.
    mutating func requestAbandoned() {
        if request == .receiving { request = .abandoned }
    }

    /// A message has gone to the application, which will say when it has taken it.
    mutating func messageHandedOn(_ count: Int) {
        unread += count
    }

    /// The application has taken bytes of messages.
    mutating func messageTaken(_ count: Int) {
        unread = max(0, unread - count)
    }

    /// By how much the client's window is opened now; 0 for not at all.
    ///
    /// Half a window at a time, so that small requests cost no frame. Not for a request that nobody takes any more, nor
    /// while the application has much in hand.
    mutating func windowUpdate() -> Int {
        guard request == .receiving, unread <= HTTP2Limits.maxUnreadBytes, window <= HTTP2Limits.streamWindow / 2 else {
            return 0
        }
        defer { window = HTTP2Limits.streamWindow }
        return HTTP2Limits.streamWindow - window
    }

    // MARK: The answer

    /// The head of the answer has been written.
    mutating func answerBegan() {
        if answer == .none { answer = .begun }
    }

    /// The client takes more, or less than before.
    mutating func sendWindowChanged(by change: Int) throws(HTTP2Reason) {
        guard sendWindow + change <= HTTP2Limits.maxWindow else { throw .flowControlError }
        sendWindow += change
    }

    /// So many bytes wait for the client and the socket.
    mutating func written(_ count: Int, now: MonotonicTime) {
        if unsent == 0 { mark.time = now }
        unsent += count
        mark.unsent += count
    }

    /// Bytes that waited have gone to the socket.
    mutating func sent(_ count: Int) {
        unsent = max(0, unsent - count)
        sendWindow -= count
    }

    /// Bytes have gone to the socket without having waited.
    mutating func sentAtOnce(_ count: Int) {
        sendWindow -= count
    }

    /// The last frame of the answer has gone to the socket.
    mutating func endSent() {
        hasSentEnd = true
    }

    /// The stream is gone.
    mutating func closed() {
        if request == .receiving { request = .abandoned }
        answer = .ended
    }

    /// All of the answer has been given.
    mutating func answerEnded(now: MonotonicTime) {
        answer = .ended
        if unsent == 0 { mark.time = now }
    }

    // MARK: Time

    /// Looks whether a limit has passed; when memory for requests is scarce, bodies have less time.
    mutating func tick(now: MonotonicTime, isMemoryScarce: Bool) -> OnTick {
        if unsent > 0 || answer == .ended {
            if mark.unsent - unsent >= HTTP2Limits.leastProgress { mark = (unsent, now) }
            // Also one whose answer has left and whose client never ends its side.
            if isOver(mark.time, timeouts.write, now) { return .reset }
        }
        guard request == .receiving, answer == .none, !mayPause else { return .nothing }
        let isLate = isOver(progress.last, timeouts.bodyGap, now) || isOver(began, timeouts.body, now)
        let isInTheWay = isMemoryScarce && isOver(progress.grown, timeouts.bodyGrowth, now)
        return isLate || isInTheWay ? .refuse : .nothing
    }

    private func isOver(_ since: MonotonicTime, _ limit: Int64, _ now: MonotonicTime) -> Bool {
        since.advanced(byNanoseconds: limit) <= now
    }
}
