internal import ApusCore

/// Where an HTTP/2 connection is in its life: serving, saying good-bye, over.
///
/// Pure: no clock, no channel. The connection's handler feeds it events and carries out what it returns.
///
/// The good-bye has two steps, so that no request is lost (RFC 9113 §6.8): first a GOAWAY that refuses nothing, with a
/// PING behind it; when the client has answered that, it knows, and what it had sent before is here. Only then the GOAWAY
/// with the number of the last stream.
struct HTTP2ConnectionStateMachine {
    /// What the connection is doing.
    enum Phase: Equatable {
        case open
        /// The client has been told to open no more streams.
        case announced
        /// It opens no more; what is open is finished.
        case leaving
        case closed
    }

    /// What is to be done when time has passed, or streams have ended.
    enum Action: Equatable {
        case nothing
        /// Send the GOAWAY that refuses nothing, and a PING.
        case announce
        /// Send the GOAWAY with the number of the last stream.
        case sayGoodbye(lastStream: Int)
        /// Ask whether the client is still there.
        case ping
        /// Close when all that was written has left.
        case close
        /// Close without a word.
        case drop
    }

    /// What becomes of a stream that a client opens.
    enum OnOpen: Equatable {
        case accept
        /// There are too many, or the connection is about to end: the client may try again elsewhere.
        case refuse
        /// Its number was used before.
        case isGone
        /// Its number is one that clients don't use.
        case fail
    }

    private(set) var phase = Phase.open
    private(set) var openStreams = 0
    private(set) var lastStream = 0
    private let timeouts: ConnectionTimeouts
    private var phaseSince: MonotonicTime
    private var idleSince: MonotonicTime
    private var lastRead: MonotonicTime
    private var pinged: MonotonicTime?
    private var blockedSince: MonotonicTime?
    private var leftToWrite = 0

    init(timeouts: ConnectionTimeouts, now: MonotonicTime) {
        self.timeouts = timeouts
        self.phaseSince = now
        self.idleSince = now
        self.lastRead = now
    }

    /// A client opens a stream, which counts as open when it is accepted.
    mutating func streamOpened(_ number: Int) -> OnOpen {
        guard !number.isMultiple(of: 2) else { return .fail }
        guard number > lastStream else { return .isGone }
        guard phase == .open || phase == .announced else {
            // The client knows the number of the last one: this one isn't it.
            return .refuse
        }
        lastStream = number
        guard openStreams < HTTP2Limits.maxStreams else { return .refuse }
        openStreams += 1
        return .accept
    }

    /// A stream that had been opened is gone.
    mutating func streamClosed(now: MonotonicTime) -> Action {
        openStreams -= 1
        guard openStreams == 0 else { return .nothing }
        idleSince = now
        return phase == .leaving ? .close : .nothing
    }

    /// Something has come from the client.
    mutating func bytesArrived(now: MonotonicTime) {
        lastRead = now
        pinged = nil
    }

    /// A drain has begun.
    mutating func drain(now: MonotonicTime) -> Action {
        guard phase == .open else { return .nothing }
        move(to: .announced, now: now)
        return .announce
    }

    /// The client has answered the PING behind the first GOAWAY.
    mutating func announcementHeard(now: MonotonicTime) -> Action {
        guard phase == .announced else { return .nothing }
        move(to: .leaving, now: now)
        return .sayGoodbye(lastStream: lastStream)
    }

    /// What follows on the last GOAWAY, or on one that the client has sent.
    mutating func goodbyeSaid(now: MonotonicTime) -> Action {
        if phase != .closed { move(to: .leaving, now: now) }
        return openStreams == 0 ? .close : .nothing
    }

    /// The channel is gone.
    mutating func channelClosed(now: MonotonicTime) {
        move(to: .closed, now: now)
    }

    /// The client takes no more bytes, or takes them again.
    mutating func writabilityChanged(isWritable: Bool, now: MonotonicTime) {
        blockedSince = isWritable ? nil : (blockedSince ?? now)
    }

    /// So many bytes wait in the channel; fewer than last time is progress.
    mutating func stillToWrite(_ count: Int, now: MonotonicTime) {
        defer { leftToWrite = count }
        if count < leftToWrite, blockedSince != nil { blockedSince = now }
    }

    /// Looks whether a limit has passed.
    mutating func tick(now: MonotonicTime) -> Action {
        if let blockedSince, isOver(blockedSince, timeouts.write, now) { return .drop }
        switch phase {
        case .open:
            if openStreams == 0, isOver(idleSince, timeouts.keepAlive, now) { return drain(now: now) }
            return keepAlive(now: now)
        case .announced:
            if isOver(phaseSince, timeouts.drainIdle, now) { return announcementHeard(now: now) }
            return keepAlive(now: now)
        case .leaving:
            return openStreams == 0 ? .close : keepAlive(now: now)
        case .closed:
            return .nothing
        }
    }

    /// A client that waits for an answer says nothing for as long as it takes: it is asked whether it is still there.
    private mutating func keepAlive(now: MonotonicTime) -> Action {
        if let pinged { return isOver(pinged, timeouts.ping, now) ? .drop : .nothing }
        guard openStreams > 0, isOver(lastRead, timeouts.keepAlive, now) else { return .nothing }
        pinged = now
        return .ping
    }

    private func isOver(_ since: MonotonicTime, _ limit: Int64, _ now: MonotonicTime) -> Bool {
        since.advanced(byNanoseconds: limit) <= now
    }

    private mutating func move(to next: Phase, now: MonotonicTime) {
        phase = next
        phaseSince = now
    }
}
