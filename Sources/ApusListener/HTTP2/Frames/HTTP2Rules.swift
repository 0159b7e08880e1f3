internal import ApusCore

/// What a client may send on a connection as a whole: how much, how often, and on which streams that are gone.
///
/// Pure: no clock, no channel.
struct HTTP2Rules {
    /// Events in a time.
    private struct Rate {
        let limit: Int
        let nanoseconds: Int64
        private var began: MonotonicTime?
        private var count = 0

        init(limit: Int, seconds: Int64) {
            self.limit = limit
            self.nanoseconds = seconds * 1_000_000_000
        }

        /// One more; whether there are too many.
        mutating func note(now: MonotonicTime) -> Bool {
            if let began, began.advanced(byNanoseconds: nanoseconds) > now {
                count += 1
            } else {
                began = now
                count = 1
            }
            return count > limit
        }
    }

    /// What to do about a frame on a stream that isn't open.
    enum OnGone: Equatable {
        case ignore
        case fail(HTTP2Reason)
    }

    /// What the client may still send on all streams; it starts with this, which no setting changes.
    private var window = HTTP2Limits.firstWindow
    /// What we may still send on all streams.
    private(set) var sendWindow = HTTP2Limits.firstWindow
    /// What we may send on a new stream.
    private(set) var initialSendWindow = HTTP2Limits.firstWindow
    private var resets = Rate(limit: HTTP2Limits.maxResets, seconds: 30)
    private var controls = Rate(limit: HTTP2Limits.maxControlFrames, seconds: 1)
    private var faults = Rate(limit: HTTP2Limits.maxStreamErrors.inWindow, seconds: 30)
    private var faultsInAll = 0
    /// Control frames written since the socket took bytes last.
    private var unsentControls = 0
    /// The last streams that we ended and the client may not know of yet, in a ring.
    private var ended: [Int] = []
    private var nextEnded = 0

    // MARK: Windows

    /// Data has come, on whatever stream.
    mutating func dataArrived(_ size: Int) throws(HTTP2Reason) {
        guard size <= window else { throw .flowControlError }
        window -= size
    }

    /// By how much the client's window is to be opened now; 0 for not at all.
    ///
    /// Streams have windows of their own and all memory is charged, so this one never waits.
    mutating func openWindow() -> Int {
        guard window <= HTTP2Limits.connectionWindow / 2 else { return 0 }
        defer { window = HTTP2Limits.connectionWindow }
        return HTTP2Limits.connectionWindow - window
    }

    /// The client takes more.
    mutating func windowOpened(by increment: Int) throws(HTTP2Reason) {
        guard sendWindow + increment <= HTTP2Limits.maxWindow else { throw .flowControlError }
        sendWindow += increment
    }

    /// Data has been sent.
    mutating func sent(_ count: Int) {
        sendWindow -= count
    }

    /// The client has changed what we may send on each stream.
    ///
    /// - Returns: By how much; to be told to the streams that are open.
    mutating func initialWindowChanged(to window: Int) -> Int {
        defer { initialSendWindow = window }
        return window - initialSendWindow
    }

    // MARK: Floods

    /// A RST_STREAM has come, or a stream had to be refused.
    mutating func resetCame(now: MonotonicTime) throws(HTTP2Reason) {
        if resets.note(now: now) { throw .enhanceYourCalm }
    }

    /// A frame has come that is about no request.
    mutating func controlCame(now: MonotonicTime) throws(HTTP2Reason) {
        if controls.note(now: now) { throw .enhanceYourCalm }
    }

    /// A rule of one stream has been broken.
    mutating func streamFault(now: MonotonicTime) throws(HTTP2Reason) {
        faultsInAll += 1
        guard !faults.note(now: now), faultsInAll <= HTTP2Limits.maxStreamErrors.inAll else { throw .enhanceYourCalm }
    }

    /// A control frame is written while the socket takes nothing; whether too many wait.
    mutating func controlWaits() -> Bool {
        unsentControls += 1
        return unsentControls > HTTP2Limits.maxControlFrames
    }

    /// The socket takes bytes again.
    mutating func socketTakesBytes() {
        unsentControls = 0
    }

    // MARK: Streams that are gone

    /// We have ended a stream by RST_STREAM: what the client has sent before it knows is not its fault.
    mutating func ended(_ number: Int) {
        if ended.count < HTTP2Limits.maxStreams {
            ended.append(number)
        } else {
            ended[nextEnded] = number
            nextEnded = (nextEnded + 1) % ended.count
        }
    }

    /// HEADERS or DATA have come on a stream that isn't open.
    func contentCame(onGone number: Int, lastStream: Int) -> OnGone {
        if ended.contains(number) { return .ignore }
        return .fail(number > lastStream ? .protocolError : .streamClosed)
    }

    /// RST_STREAM or WINDOW_UPDATE has come on a stream that isn't open.
    func controlCame(onGone number: Int, lastStream: Int) -> OnGone {
        number <= lastStream || ended.contains(number) ? .ignore : .fail(.protocolError)
    }
}
