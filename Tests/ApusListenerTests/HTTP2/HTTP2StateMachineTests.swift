import ApusCore
import Testing

@testable import ApusListener

/// The pure machines of an HTTP/2 connection and its streams.
struct HTTP2StateMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func after(_ milliseconds: Int64) -> MonotonicTime {
        start.advanced(byNanoseconds: milliseconds * 1_000_000)
    }

    private func makeStream() -> HTTP2StreamStateMachine {
        HTTP2StreamStateMachine(timeouts: ConnectionTimeouts(), now: start)
    }

    private func makeConnection() -> Connection {
        Connection(HTTP2ConnectionStateMachine(timeouts: ConnectionTimeouts(), now: start))
    }

    private func window(_ stream: inout HTTP2StreamStateMachine) -> Int {
        stream.windowUpdate()
    }

    /// The rule that an event breaks.
    private func fault(_ event: () throws(HTTP2Reason) -> Void) -> HTTP2Reason? {
        do throws(HTTP2Reason) {
            try event()
            return nil
        } catch {
            return error
        }
    }

    // MARK: A stream

    @Test func `a window is opened by halves`() throws {
        var stream = makeStream()
        let whole = HTTP2Limits.streamWindow
        #expect(window(&stream) == 0)
        try stream.dataArrived(whole / 2 - 1, size: whole / 2 - 1, now: start)
        #expect(window(&stream) == 0)
        try stream.dataArrived(0, size: 1, now: start)
        #expect(window(&stream) == whole / 2)
        #expect(window(&stream) == 0)
    }

    @Test func `what a client may not send on a stream`() throws {
        var stream = makeStream()
        try stream.dataArrived(1, size: HTTP2Limits.streamWindow, now: start)
        #expect(fault { () throws(HTTP2Reason) in try stream.dataArrived(1, size: 1, now: start) } == .flowControlError)
        var measured = HTTP2StreamStateMachine(timeouts: ConnectionTimeouts(), now: start, contentLength: 3)
        try measured.dataArrived(2, size: 2, now: start)
        #expect(fault { () throws(HTTP2Reason) in try measured.dataArrived(2, size: 2, now: start) } == .protocolError)
        #expect(fault { () throws(HTTP2Reason) in try measured.requestEnded() } == .protocolError)
        #expect(measured.request == .complete)
        #expect(fault { () throws(HTTP2Reason) in try measured.dataArrived(1, size: 1, now: start) } == .streamClosed)
        #expect(fault { () throws(HTTP2Reason) in try measured.trailersArrived(isLast: true) } == .streamClosed)
        #expect(fault { () throws(HTTP2Reason) in try stream.trailersArrived(isLast: false) } == .protocolError)
        // What nobody wants any more may still come, and may end.
        var abandoned = HTTP2StreamStateMachine(timeouts: ConnectionTimeouts(), now: start, contentLength: 3)
        abandoned.requestAbandoned()
        try abandoned.dataArrived(7, size: 7, now: start)
        try abandoned.requestEnded()
        #expect(abandoned.request == .complete)
    }

    @Test func `the client's window goes up and down, and not too far`() throws {
        var stream = makeStream()
        stream.sentAtOnce(65_535)
        try stream.sendWindowChanged(by: -65_535)
        #expect(stream.sendWindow == -65_535)
        try stream.sendWindowChanged(by: 65_536)
        #expect(stream.sendWindow == 1)
        let most = HTTP2Limits.maxWindow
        #expect(fault { () throws(HTTP2Reason) in try stream.sendWindowChanged(by: most) } == .flowControlError)
        try stream.sendWindowChanged(by: most - 1)
        stream.written(10, now: start)
        stream.sent(10)
        #expect(stream.sendWindow == most - 10 && stream.unsent == 0)
    }

    @Test func `a window stays shut while much is unread, and when nobody takes the rest`() throws {
        var stream = makeStream()
        try stream.dataArrived(0, size: HTTP2Limits.streamWindow, now: start)
        stream.messageHandedOn(HTTP2Limits.maxUnreadBytes + 1)
        #expect(window(&stream) == 0)
        stream.messageTaken(1)
        #expect(window(&stream) == HTTP2Limits.streamWindow)
        try stream.dataArrived(0, size: HTTP2Limits.streamWindow, now: start)
        stream.requestAbandoned()
        #expect(window(&stream) == 0)
        // A count that doesn't fit does no harm.
        stream.messageTaken(.max)
    }

    @Test func `a body has its time: gaps, all together, and growth when memory is scarce`() throws {
        var stream = makeStream()
        try stream.dataArrived(100, size: 100, now: after(1000))
        var tick = stream.tick(now: after(20_999), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(21_000), isMemoryScarce: false)
        #expect(tick == .refuse)
        try stream.dataArrived(1, size: 1, now: after(21_000))
        tick = stream.tick(now: after(22_000), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(22_000), isMemoryScarce: true)
        #expect(tick == .refuse)
        var slow = makeStream()
        for second in 1...300 { try slow.dataArrived(1000, size: 1000, now: after(Int64(second) * 1000)) }
        tick = slow.tick(now: after(300_000), isMemoryScarce: false)
        #expect(tick == .refuse)
        try slow.requestEnded()
        tick = slow.tick(now: after(900_000), isMemoryScarce: true)
        #expect(tick == .nothing)
    }

    @Test func `an answer must move`() throws {
        var stream = makeStream()
        try stream.requestEnded()
        stream.answerBegan()
        stream.written(10_000, now: after(0))
        stream.sent(1023)
        var tick = stream.tick(now: after(29_999), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(30_000), isMemoryScarce: false)
        #expect(tick == .reset)
        stream.sent(1)
        tick = stream.tick(now: after(30_000), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(59_999), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(60_000), isMemoryScarce: false)
        #expect(tick == .reset)
    }

    @Test func `an answer that has nothing to send for a while isn't late`() throws {
        var stream = makeStream()
        try stream.requestEnded()
        stream.answerBegan()
        stream.written(10_000, now: after(0))
        stream.sent(10_000)
        #expect(!stream.isFull)
        var tick = stream.tick(now: after(600_000), isMemoryScarce: false)
        #expect(tick == .nothing)
        stream.written(100_000, now: after(600_000))
        #expect(stream.isFull)
        tick = stream.tick(now: after(629_999), isMemoryScarce: false)
        #expect(tick == .nothing)
    }

    @Test func `a stream that never closes behind its answer is ended`() {
        var stream = makeStream()
        stream.answerBegan()
        stream.answerEnded(now: after(1000))
        stream.requestAbandoned()
        #expect(stream.isOver)
        var tick = stream.tick(now: after(30_999), isMemoryScarce: false)
        #expect(tick == .nothing)
        tick = stream.tick(now: after(31_000), isMemoryScarce: false)
        #expect(tick == .reset)
    }

    // MARK: A connection

    @Test func `a good-bye goes its steps once`() {
        let connection = makeConnection()
        #expect(connection.streamOpened(1))
        #expect(connection.drain(now: after(0)) == .announce)
        #expect(connection.drain(now: after(0)) == .nothing)
        #expect(connection.streamOpened(3))
        #expect(connection.announcementHeard(now: after(1)) == .sayGoodbye(lastStream: 3))
        #expect(connection.announcementHeard(now: after(1)) == .nothing)
        #expect(connection.goodbyeSaid(now: after(1)) == .nothing)
        #expect(!connection.streamOpened(5))
        #expect(connection.streamClosed(now: after(2)) == .nothing)
        #expect(connection.streamClosed(now: after(2)) == .close)
    }

    @Test func `a client that doesn't hear the first good-bye gets the second`() {
        let connection = makeConnection()
        _ = connection.drain(now: after(0))
        #expect(connection.tick(now: after(999)) == .nothing)
        #expect(connection.tick(now: after(1000)) == .sayGoodbye(lastStream: 0))
        #expect(connection.goodbyeSaid(now: after(1000)) == .close)
    }

    @Test func `streams have a limit, and closing one makes room`() {
        let connection = makeConnection()
        for number in 0..<HTTP2Limits.maxStreams { #expect(connection.streamOpened(number * 2 + 1)) }
        #expect(!connection.streamOpened(9999))
        _ = connection.streamClosed(now: start)
        #expect(connection.streamOpened(10_001))
        #expect(connection.lastStream == 10_001)
    }

    @Test func `numbers of streams are odd and go up`() {
        let connection = makeConnection()
        #expect(connection.open(2) == .fail && connection.open(0) == .fail)
        #expect(connection.open(5) == .accept)
        #expect(connection.open(5) == .isGone && connection.open(3) == .isGone)
        #expect(connection.open(7) == .accept)
        _ = connection.goodbyeSaid(now: start)
        #expect(connection.open(9) == .refuse)
        #expect(connection.lastStream == 7)
    }

    @Test func `a silent client with open streams is asked once and given up`() {
        let connection = makeConnection()
        _ = connection.streamOpened(1)
        #expect(connection.tick(now: after(74_999)) == .nothing)
        #expect(connection.tick(now: after(75_000)) == .ping)
        #expect(connection.tick(now: after(94_999)) == .nothing)
        connection.bytesArrived(now: after(94_999))
        #expect(connection.tick(now: after(96_000)) == .nothing)
        #expect(connection.tick(now: after(170_000)) == .ping)
        #expect(connection.tick(now: after(190_000)) == .drop)
    }

    @Test func `a socket that takes nothing ends the connection, one that takes a little doesn't`() {
        let connection = makeConnection()
        _ = connection.streamOpened(1)
        connection.writabilityChanged(isWritable: false, now: after(0))
        connection.stillToWrite(1000, now: after(1))
        #expect(connection.tick(now: after(29_999)) == .nothing)
        connection.stillToWrite(999, now: after(29_999))
        #expect(connection.tick(now: after(59_998)) == .nothing)
        #expect(connection.tick(now: after(59_999)) == .drop)
        connection.writabilityChanged(isWritable: true, now: after(59_999))
        #expect(connection.tick(now: after(60_000)) == .nothing)
    }

    // MARK: Charges

    @Test func `charges go by blocks and end with what is held`() {
        let budget = ByteBudget(limit: 1 << 20)
        var charge = BlockCharge(budget: budget)
        var taken = charge.take(16 << 10)
        #expect(taken && budget.inUse == 0)
        taken = charge.take(1)
        #expect(taken && budget.inUse == 64 << 10)
        taken = charge.take(900 << 10)
        #expect(taken && budget.inUse >= 900 << 10)
        let before = budget.inUse
        taken = charge.take(1 << 20)
        #expect(!taken && budget.inUse == before)
        charge.giveBack(900 << 10)
        #expect(budget.inUse <= 128 << 10)
        charge.giveBack(1)
        charge.giveBack(16 << 10)
        #expect(budget.inUse == 0)
    }
}

/// A connection's machine whose events can stand within expectations.
private final class Connection {
    private var machine: HTTP2ConnectionStateMachine

    init(_ machine: HTTP2ConnectionStateMachine) {
        self.machine = machine
    }

    typealias Action = HTTP2ConnectionStateMachine.Action

    var lastStream: Int { machine.lastStream }
    func open(_ number: Int) -> HTTP2ConnectionStateMachine.OnOpen { machine.streamOpened(number) }
    func streamOpened(_ number: Int) -> Bool { machine.streamOpened(number) == .accept }
    func streamClosed(now: MonotonicTime) -> Action { machine.streamClosed(now: now) }
    func bytesArrived(now: MonotonicTime) { machine.bytesArrived(now: now) }
    func drain(now: MonotonicTime) -> Action { machine.drain(now: now) }
    func announcementHeard(now: MonotonicTime) -> Action { machine.announcementHeard(now: now) }
    func goodbyeSaid(now: MonotonicTime) -> Action { machine.goodbyeSaid(now: now) }
    func stillToWrite(_ count: Int, now: MonotonicTime) { machine.stillToWrite(count, now: now) }
    func tick(now: MonotonicTime) -> Action { machine.tick(now: now) }

    func writabilityChanged(isWritable: Bool, now: MonotonicTime) {
        machine.writabilityChanged(isWritable: isWritable, now: now)
    }
}
