import ApusCore
import Testing

@testable import ApusListener

struct HTTP1ConnectionStateMachineTests {
    private typealias Machine = HTTP1ConnectionStateMachine

    /// Round limits, in seconds.
    private static var timeouts: ConnectionTimeouts {
        var timeouts = ConnectionTimeouts()
        timeouts.keepAlive = 75_000_000_000
        timeouts.head = 10_000_000_000
        timeouts.bodyGap = 20_000_000_000
        timeouts.body = 300_000_000_000
        timeouts.bodyGrowth = 5_000_000_000
        timeouts.write = 30_000_000_000
        timeouts.linger = 2_000_000_000
        timeouts.drainIdle = 1_000_000_000
        return timeouts
    }

    private func at(_ seconds: Int64, _ nanoseconds: Int64 = 0) -> MonotonicTime {
        MonotonicTime(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }

    private func machine() -> HTTP1ConnectionStateMachine {
        HTTP1ConnectionStateMachine(timeouts: HTTP1ConnectionStateMachineTests.timeouts, now: at(0))
    }

    private func responded(
        _ machine: inout HTTP1ConnectionStateMachine,
        keepsAlive: Bool = true,
        at now: MonotonicTime
    ) -> HTTP1ConnectionStateMachine.OnResponse {
        machine.responseWritten(keepsAlive: keepsAlive, now: now)
    }

    @Test func `a request goes through all states and back`() {
        var machine = machine()
        #expect(machine.state == .idle)
        #expect(machine.mayParse)
        machine.headBegan(now: at(1))
        #expect(machine.state == .readingHead)
        #expect(machine.mayParse)
        machine.headCompleted(now: at(2))
        #expect(machine.state == .readingBody)
        #expect(!machine.mayParse)
        machine.bodyProgressed(by: 1, now: at(3))
        machine.requestCompleted(now: at(4))
        #expect(machine.state == .responding)
        #expect(!machine.mayParse)
        let next = responded(&machine, at: at(5))
        #expect(next == .readNext)
        #expect(machine.state == .idle)
    }

    @Test func `the last answer makes the connection linger`() {
        var machine = machine()
        machine.requestCompleted(now: at(1))
        let next = responded(&machine, keepsAlive: false, at: at(1))
        #expect(next == .linger)
        #expect(machine.state == .lingering)
        let late = responded(&machine, at: at(1))
        #expect(late == .ignore)
        #expect(machine.state == .lingering)
    }

    @Test func `nothing comes after the channel has gone`() {
        var machine = machine()
        machine.requestCompleted(now: at(1))
        machine.channelClosed(now: at(2))
        let late = responded(&machine, at: at(3))
        #expect(late == .ignore)
        #expect(machine.state == .closed)
        #expect(machine.tick(now: at(100_000)) == .nothing)
        #expect(!machine.mayParse)
    }

    @Test func `an idle connection is closed after the keep-alive time`() {
        var machine = machine()
        machine.requestCompleted(now: at(80))
        _ = responded(&machine, at: at(90))
        #expect(machine.tick(now: at(165, -1)) == .nothing)
        #expect(machine.tick(now: at(165)) == .close)
    }

    @Test func `a new connection on which nothing comes is closed sooner`() {
        var machine = machine()
        #expect(machine.tick(now: at(10, -1)) == .nothing)
        #expect(machine.tick(now: at(10)) == .close)
        machine.headBegan(now: at(9))
        #expect(machine.tick(now: at(19, -1)) == .nothing)
        #expect(machine.tick(now: at(19)) == .refuse(.headTimeout))
    }

    @Test func `a head must be whole in time, counted from its first byte`() {
        var machine = machine()
        machine.headBegan(now: at(70))
        machine.headBegan(now: at(75))
        #expect(machine.tick(now: at(80, -1)) == .nothing)
        #expect(machine.tick(now: at(80)) == .refuse(.headTimeout))
    }

    @Test func `a body may not pause for too long`() {
        var machine = machine()
        machine.headCompleted(now: at(10))
        #expect(machine.tick(now: at(30, -1)) == .nothing)
        #expect(machine.tick(now: at(30)) == .refuse(.bodyTimeout))
        machine.bodyProgressed(by: 1, now: at(29))
        #expect(machine.tick(now: at(49, -1)) == .nothing)
        #expect(machine.tick(now: at(49)) == .refuse(.bodyTimeout))
    }

    @Test func `a body that drips has an end too`() {
        var machine = machine()
        machine.headCompleted(now: at(0))
        for second in stride(from: Int64(0), to: 300, by: 10) {
            machine.bodyProgressed(by: 1, now: at(second))
            #expect(machine.tick(now: at(second)) == .nothing)
        }
        machine.bodyProgressed(by: 1, now: at(300))
        #expect(machine.tick(now: at(300)) == .refuse(.bodyTimeout))
    }

    @Test func `a body must grow while memory is scarce`() {
        var machine = machine()
        machine.headCompleted(now: at(0))
        #expect(machine.tick(now: at(5, -1), isMemoryScarce: true) == .nothing)
        #expect(machine.tick(now: at(5), isMemoryScarce: true) == .refuse(.bodyTimeout))
        #expect(machine.tick(now: at(5)) == .nothing)
        machine.bodyProgressed(by: 1200, now: at(6))
        // A byte now and then, however often, is no growth.
        for tenth in 1...49 {
            let now = at(6, Int64(tenth) * 100_000_000)
            machine.bodyProgressed(by: 2, now: now)
            #expect(machine.tick(now: now, isMemoryScarce: true) == .nothing)
        }
        #expect(machine.tick(now: at(11, -1), isMemoryScarce: true) == .nothing)
        #expect(machine.tick(now: at(11), isMemoryScarce: true) == .refuse(.bodyTimeout))
        #expect(machine.tick(now: at(11)) == .nothing)
        machine.bodyProgressed(by: 2, now: at(11))
        #expect(machine.tick(now: at(16, -1), isMemoryScarce: true) == .nothing)
        #expect(machine.tick(now: at(16), isMemoryScarce: true) == .refuse(.bodyTimeout))
    }

    @Test func `a body that comes evenly has a minute while memory is scarce`() {
        var machine = machine()
        machine.headCompleted(now: at(0))
        var second = Int64(0)
        repeat {
            second += 1
            machine.bodyProgressed(by: 1_000_000, now: at(second))
        } while machine.tick(now: at(second, 999_999_999), isMemoryScarce: true) == .nothing
        #expect((55...75).contains(second))
    }

    @Test func `a small body may come slowly while memory is scarce`() {
        var machine = machine()
        machine.headCompleted(now: at(0))
        for second in stride(from: Int64(4), to: 100, by: 4) {
            machine.bodyProgressed(by: 1, now: at(second))
            #expect(machine.tick(now: at(second + 3), isMemoryScarce: true) == .nothing)
        }
    }

    @Test func `an answer may take as long as the engine needs`() {
        var machine = machine()
        machine.requestCompleted(now: at(0))
        #expect(machine.tick(now: at(100_000)) == .nothing)
    }

    @Test func `a lingering connection is closed when the client doesn't`() {
        var machine = machine()
        machine.requestCompleted(now: at(0))
        _ = responded(&machine, keepsAlive: false, at: at(9))
        machine.lastAnswerLeft(now: at(10))
        #expect(machine.tick(now: at(12, -1)) == .nothing)
        #expect(machine.tick(now: at(12)) == .close)
    }

    @Test func `a lingering connection waits for its last answer to leave`() {
        var machine = machine()
        machine.requestCompleted(now: at(0))
        machine.writabilityChanged(isWritable: false, now: at(10))
        _ = responded(&machine, keepsAlive: false, at: at(10))
        // The answer is still on its way: a close now would cut it off.
        #expect(machine.tick(now: at(12)) == .nothing)
        machine.writabilityChanged(isWritable: true, now: at(20))
        #expect(machine.tick(now: at(22)) == .nothing)
        machine.lastAnswerLeft(now: at(23))
        #expect(machine.tick(now: at(25, -1)) == .nothing)
        #expect(machine.tick(now: at(25)) == .close)
    }

    @Test func `a lingering connection whose last answer never leaves is closed`() {
        var machine = machine()
        machine.requestCompleted(now: at(0))
        _ = responded(&machine, keepsAlive: false, at: at(10))
        #expect(machine.tick(now: at(40, -1)) == .nothing)
        #expect(machine.tick(now: at(40)) == .close)
        machine.stillToWrite(1000, now: at(20))
        machine.stillToWrite(900, now: at(30))
        machine.stillToWrite(900, now: at(35))
        #expect(machine.tick(now: at(60, -1)) == .nothing)
        #expect(machine.tick(now: at(60)) == .close)
    }

    @Test func `a client that takes nothing of its answer is closed`() {
        for state in 0..<4 {
            var machine = machine()
            if state == 1 { machine.headBegan(now: at(1)) }
            if state == 2 { machine.headCompleted(now: at(1)) }
            if state == 3 { machine.requestCompleted(now: at(1)) }
            machine.bodyProgressed(by: 1, now: at(29))
            machine.writabilityChanged(isWritable: false, now: at(1))
            machine.writabilityChanged(isWritable: false, now: at(20))
            if state == 0 { #expect(machine.tick(now: at(31, -1)) == .nothing) }
            #expect(machine.tick(now: at(31)) == .close)
        }
    }

    @Test func `a client that takes its answer again isn't`() {
        var machine = machine()
        machine.writabilityChanged(isWritable: false, now: at(0))
        machine.writabilityChanged(isWritable: true, now: at(29))
        #expect(machine.tick(now: at(31)) == .nothing)
        machine.writabilityChanged(isWritable: false, now: at(40))
        #expect(machine.tick(now: at(69)) == .nothing)
        #expect(machine.tick(now: at(70)) == .close)
    }

    @Test func `a client that takes its answer slowly isn't closed either`() {
        var machine = machine()
        machine.requestCompleted(now: at(0))
        machine.writabilityChanged(isWritable: false, now: at(0))
        for second in stride(from: Int64(0), to: 290, by: 29) {
            machine.stillToWrite(1000 - Int(second), now: at(second))
            #expect(machine.tick(now: at(second + 29)) == .nothing)
        }
        // The same number again, or a larger one, is no progress.
        machine.stillToWrite(1000 - 261, now: at(270))
        machine.stillToWrite(5000, now: at(280))
        #expect(machine.tick(now: at(291, -1)) == .nothing)
        #expect(machine.tick(now: at(291)) == .close)
    }

    @Test func `the wait for a request begins when the client takes its answers again`() {
        var idle = HTTP1ConnectionStateMachine(timeouts: HTTP1ConnectionStateMachineTests.timeouts, now: at(0))
        idle.drain(now: at(0))
        var inHead = machine()
        inHead.headBegan(now: at(0))
        idle.writabilityChanged(isWritable: false, now: at(0))
        inHead.writabilityChanged(isWritable: false, now: at(0))
        #expect(idle.tick(now: at(29)) == .nothing)
        #expect(inHead.tick(now: at(29)) == .nothing)
        idle.writabilityChanged(isWritable: true, now: at(29))
        inHead.writabilityChanged(isWritable: true, now: at(29))
        #expect(idle.tick(now: at(30, -1)) == .nothing)
        #expect(idle.tick(now: at(30)) == .close)
        #expect(inHead.tick(now: at(39, -1)) == .nothing)
        #expect(inHead.tick(now: at(39)) == .refuse(.headTimeout))
    }

    @Test func `the wait for a request begins when the last answer has left`() {
        var machine = machine()
        machine.drain(now: at(0))
        machine.stillToWrite(20, now: at(0))
        #expect(machine.tick(now: at(29)) == .nothing)
        machine.stillToWrite(10, now: at(29))
        #expect(machine.tick(now: at(58)) == .nothing)
        machine.stillToWrite(0, now: at(58))
        #expect(machine.tick(now: at(59, -1)) == .nothing)
        #expect(machine.tick(now: at(59)) == .close)
        // And when it doesn't leave, there is an end too.
        var stuck = self.machine()
        stuck.stillToWrite(10, now: at(20))
        #expect(stuck.tick(now: at(30, -1)) == .nothing)
        #expect(stuck.tick(now: at(30)) == .close)
    }

    @Test func `no request is taken while the client takes no answers`() {
        var machine = machine()
        machine.writabilityChanged(isWritable: false, now: at(0))
        #expect(!machine.mayParse)
        machine.writabilityChanged(isWritable: true, now: at(1))
        #expect(machine.mayParse)
    }

    @Test func `half-close ends the connection when nothing is left to do`() {
        var idle = machine()
        #expect(closed(&idle))
        var inHead = machine()
        inHead.headBegan(now: at(1))
        #expect(closed(&inHead))
        var inBody = machine()
        inBody.headCompleted(now: at(1))
        #expect(closed(&inBody))
    }

    @Test func `half-close lets the answer come first`() {
        var machine = machine()
        machine.requestCompleted(now: at(1))
        #expect(!closed(&machine))
        #expect(machine.mustClose)
        let next = responded(&machine, keepsAlive: !machine.mustClose, at: at(2))
        #expect(next == .linger)
        #expect(!machine.isOver)
        machine.lastAnswerLeft(now: at(3))
        #expect(machine.isOver)
    }

    @Test func `half-close lets requests that have come already be answered`() {
        var machine = machine()
        machine.requestCompleted(now: at(1))
        #expect(!closed(&machine))
        let next = responded(&machine, at: at(2))
        #expect(next == .readNext)
        #expect(machine.mayParse)
        machine.requestCompleted(now: at(2))
        #expect(!machine.isOver)
        _ = responded(&machine, at: at(3))
        #expect(machine.isOver)
    }

    @Test func `half-close doesn't cut off an answer that is still on its way`() {
        var idle = machine()
        idle.requestCompleted(now: at(1))
        idle.writabilityChanged(isWritable: false, now: at(1))
        _ = responded(&idle, at: at(1))
        #expect(!closed(&idle))
        idle.writabilityChanged(isWritable: true, now: at(2))
        #expect(idle.isOver)
        var lingering = machine()
        lingering.requestCompleted(now: at(1))
        lingering.writabilityChanged(isWritable: false, now: at(1))
        _ = responded(&lingering, keepsAlive: false, at: at(1))
        #expect(!closed(&lingering))
        lingering.writabilityChanged(isWritable: true, now: at(2))
        #expect(!lingering.isOver)
        lingering.lastAnswerLeft(now: at(3))
        #expect(lingering.isOver)
    }

    private func closed(_ machine: inout HTTP1ConnectionStateMachine) -> Bool {
        machine.inputClosed()
        return machine.isOver
    }

    @Test func `a drain closes an idle connection after a second`() {
        var machine = machine()
        machine.drain(now: at(5))
        #expect(machine.isDraining)
        #expect(machine.tick(now: at(6, -1)) == .nothing)
        #expect(machine.tick(now: at(6)) == .close)
    }

    @Test func `a second drain doesn't start the second anew`() {
        var machine = machine()
        machine.drain(now: at(5))
        machine.drain(now: at(5, 900_000_000))
        #expect(machine.tick(now: at(6)) == .close)
    }

    @Test func `a drain lets a request come to its end and closes behind it`() {
        var machine = machine()
        machine.headBegan(now: at(9))
        machine.drain(now: at(10))
        #expect(machine.tick(now: at(12)) == .nothing)
        machine.headCompleted(now: at(13))
        #expect(machine.tick(now: at(20)) == .nothing)
        machine.requestCompleted(now: at(21))
        #expect(machine.tick(now: at(50)) == .nothing)
        #expect(machine.mustClose)
        let next = responded(&machine, keepsAlive: !machine.mustClose, at: at(60))
        #expect(next == .linger)
    }

    @Test func `a request that arrives in a drain is answered`() {
        var machine = machine()
        machine.drain(now: at(10))
        #expect(machine.mayParse)
        machine.requestCompleted(now: at(10, 5))
        let next = responded(&machine, keepsAlive: !machine.mustClose, at: at(10, 6))
        #expect(next == .linger)
    }

    @Test func `limits at the end of time don't overflow`() {
        var timeouts = HTTP1ConnectionStateMachineTests.timeouts
        timeouts.keepAlive = .max
        timeouts.head = .max
        timeouts.bodyGrowth = .max
        var machine = HTTP1ConnectionStateMachine(timeouts: timeouts, now: MonotonicTime(nanoseconds: 5))
        #expect(machine.tick(now: at(1_000_000)) == .nothing)
        machine.headBegan(now: at(1))
        #expect(machine.tick(now: at(1_000_000)) == .nothing)
        #expect(machine.tick(now: MonotonicTime(nanoseconds: .max)) == .refuse(.headTimeout))
    }
}
