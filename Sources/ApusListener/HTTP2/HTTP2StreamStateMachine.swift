internal import ApusCore

/// Where one stream of an HTTP/2 connection is: its request, its answer, the bytes that wait on both sides.
///
/// Pure: no clock, no channel. The connection feeds it events and carries out what it returns. That frames come in an
/// order that RFC 9113 allows, and within windows, is NIO's frame layer's business.
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
    /// Bytes of the answer that the frame layer holds back until client and socket take them.
    private(set) var unsent = 0
    /// Whether a gap between two reads is the client's right: a stream of messages, between two of them.
    var mayPause = false
    private let timeouts: ConnectionTimeouts
    private let began: MonotonicTime
    private var progress: BodyProgress
    /// Bytes that waited when the client last had taken enough of them, and when that was.
    private var mark: (unsent: Int, time: MonotonicTime)
    private var window = HTTP2Limits.streamWindow
    private var unread = 0

    init(timeouts: ConnectionTimeouts, now: MonotonicTime) {
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

    /// Bytes of the request have come.
    mutating func dataArrived(_ count: Int, now: MonotonicTime) {
        progress.add(count, now: now)
    }

    /// The client has ended its side.
    mutating func requestEnded() {
        if request == .receiving { request = .complete }
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

    /// The frame layer says how much the client may still send.
    mutating func windowChanged(to size: Int) {
        window = size
    }

    /// By how much the client's window is to be opened now; 0 for not at all.
    ///
    /// Half a window at a time, so that small requests cost no frame. Not for a request that nobody takes any more, nor
    /// while the application has much in hand.
    mutating func windowUpdate() -> Int {
        guard request == .receiving, unread <= HTTP2Limits.maxUnreadBytes, window <= HTTP2Limits.streamWindow / 2 else {
            return 0
        }
        return HTTP2Limits.streamWindow - window
    }

    // MARK: The answer

    /// The head of the answer has been written.
    mutating func answerBegan() {
        if answer == .none { answer = .begun }
    }

    /// So many bytes have been given to the frame layer.
    mutating func written(_ count: Int, now: MonotonicTime) {
        if unsent == 0 { mark.time = now }
        unsent += count
        mark.unsent += count
    }

    /// The frame layer has let bytes go to the socket.
    mutating func sent(_ count: Int) {
        unsent = max(0, unsent - count)
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
