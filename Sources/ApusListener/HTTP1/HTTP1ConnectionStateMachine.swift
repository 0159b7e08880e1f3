internal import ApusCore

/// Where an HTTP/1 connection is in its life: one request at a time, in order, with a time limit for each state.
///
/// Pure: no clock, no channel. The connection's handler feeds it events and carries out what it returns.
struct HTTP1ConnectionStateMachine {
    /// What the connection is doing.
    enum State: Equatable {
        /// Between requests.
        case idle
        /// A head has begun to arrive.
        case readingHead
        /// The head is there, the body isn't yet.
        case readingBody
        /// A whole request has been handed on and waits for its answer.
        case responding
        /// The last answer has been written; what still comes in is thrown away.
        case lingering
        /// Over.
        case closed
    }

    /// What is to be done when time has passed.
    enum OnTick: Equatable {
        case nothing
        /// Answer with this fault and close.
        case refuse(HTTPParsingFault)
        /// Close without a word.
        case close
    }

    /// What is to be done when an answer has been written.
    enum OnResponse: Equatable {
        /// Read the next request.
        case readNext
        /// Close the sending side and wait for the client's close.
        case linger
        /// The answer came too late.
        case ignore
    }

    private(set) var state = State.idle
    private let timeouts: ConnectionTimeouts
    private var stateSince: MonotonicTime
    private var progress: BodyProgress
    private var drainSince: MonotonicTime?
    private var blockedSince: MonotonicTime?
    private var inputEnded = false
    private var hasAnswered = false
    private var hasLastAnswerLeft = false
    private var leftToWrite = 0

    init(timeouts: ConnectionTimeouts, now: MonotonicTime) {
        self.timeouts = timeouts
        self.stateSince = now
        self.progress = BodyProgress(now: now)
    }

    /// Whether a drain has begun.
    var isDraining: Bool { drainSince != nil }

    /// Whether the next bytes may be parsed as a request.
    var mayParse: Bool {
        blockedSince == nil && (state == .idle || state == .readingHead)
    }

    /// Whether the answer in the making must be the connection's last, unless more requests have arrived.
    var mustClose: Bool { isDraining || inputEnded }

    /// Whether the client takes no bytes.
    var isBlocked: Bool { blockedSince != nil }

    /// Whether bytes of the last answer still wait for the client to take them.
    var isLastAnswerLeaving: Bool { state == .lingering && !hasLastAnswerLeft }

    /// Whether what arrives must wait.
    var isWaiting: Bool { state == .responding || isBlocked }

    /// Whether the client has closed its side and nothing is left to be answered; what was written may still be leaving.
    var isOver: Bool {
        switch state {
        case .idle, .readingHead, .readingBody: inputEnded && !isBlocked
        case .lingering: inputEnded && hasLastAnswerLeft
        case .responding, .closed: false
        }
    }

    /// Bytes of a request have come, but not yet its whole head.
    mutating func headBegan(now: MonotonicTime) {
        if state == .idle { move(to: .readingHead, now: now) }
    }

    /// The head is complete and its body isn't.
    mutating func headCompleted(now: MonotonicTime) {
        move(to: .readingBody, now: now)
    }

    /// So many bytes of the body have come.
    mutating func bodyProgressed(by count: Int, now: MonotonicTime) {
        progress.add(count, now: now)
    }

    /// The whole request has been handed on.
    mutating func requestCompleted(now: MonotonicTime) {
        move(to: .responding, now: now)
    }

    /// An answer has been written.
    mutating func responseWritten(keepsAlive: Bool, now: MonotonicTime) -> OnResponse {
        switch state {
        case .lingering, .closed: return .ignore
        case .idle, .readingHead, .readingBody, .responding: break
        }
        hasAnswered = true
        guard keepsAlive else {
            move(to: .lingering, now: now)
            return .linger
        }
        move(to: .idle, now: now)
        return .readNext
    }

    /// The client takes no more bytes, or takes them again.
    mutating func writabilityChanged(isWritable: Bool, now: MonotonicTime) {
        // No request was looked at meanwhile: the wait for one begins anew.
        if isWritable, isBlocked, state == .idle || state == .readingHead { move(to: state, now: now) }
        blockedSince = isWritable ? nil : (blockedSince ?? now)
    }

    /// So many bytes wait for the client to take them; fewer than last time is progress.
    mutating func stillToWrite(_ count: Int, now: MonotonicTime) {
        defer { leftToWrite = count }
        guard count < leftToWrite else { return }
        if isBlocked { blockedSince = now }
        if state == .idle || isLastAnswerLeaving { move(to: state, now: now) }
    }

    /// The client has closed its sending side.
    mutating func inputClosed() {
        inputEnded = true
    }

    /// The last byte of the last answer is with the system; the wait for the client's close begins.
    mutating func lastAnswerLeft(now: MonotonicTime) {
        guard isLastAnswerLeaving else { return }
        hasLastAnswerLeft = true
        stateSince = now
    }

    /// A drain has begun.
    mutating func drain(now: MonotonicTime) {
        drainSince = drainSince ?? now
    }

    /// The channel is gone.
    mutating func channelClosed(now: MonotonicTime) {
        move(to: .closed, now: now)
    }

    /// Looks whether a limit has passed; when memory for requests is scarce, bodies have less time.
    ///
    /// Bytes that wait in a channel that is still writable count as well: the wait for a request, or for the client's
    /// close, begins behind them, and when nobody takes them it has an end.
    func tick(now: MonotonicTime, isMemoryScarce: Bool = false) -> OnTick {
        if let blockedSince, isOver(blockedSince, timeouts.write, now) { return .close }
        switch state {
        case .idle where isBlocked, .readingHead where isBlocked:
            return .nothing
        case .idle where leftToWrite > 0:
            return isOver(stateSince, timeouts.write, now) ? .close : .nothing
        case .idle:
            if let drainSince, isOver(max(drainSince, stateSince), timeouts.drainIdle, now) { return .close }
            return isOver(stateSince, hasAnswered ? timeouts.keepAlive : timeouts.head, now) ? .close : .nothing
        case .readingHead:
            return isOver(stateSince, timeouts.head, now) ? .refuse(.headTimeout) : .nothing
        case .readingBody:
            let isLate = isOver(progress.last, timeouts.bodyGap, now) || isOver(stateSince, timeouts.body, now)
            let isInTheWay = isMemoryScarce && isOver(progress.grown, timeouts.bodyGrowth, now)
            return isLate || isInTheWay ? .refuse(.bodyTimeout) : .nothing
        case .lingering:
            let limit = isLastAnswerLeaving ? timeouts.write : timeouts.linger
            return isOver(stateSince, limit, now) ? .close : .nothing
        case .responding, .closed:
            return .nothing
        }
    }

    private func isOver(_ since: MonotonicTime, _ limit: Int64, _ now: MonotonicTime) -> Bool {
        since.advanced(byNanoseconds: limit) <= now
    }

    private mutating func move(to next: State, now: MonotonicTime) {
        state = next
        stateSince = now
        if next == .readingBody { progress = BodyProgress(now: now) }
    }
}
