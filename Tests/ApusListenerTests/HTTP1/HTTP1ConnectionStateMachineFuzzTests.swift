import ApusCore
import Testing

@testable import ApusListener

/// Drives the machine with random events, as its connection may feed them, and looks at what must always hold.
struct HTTP1ConnectionStateMachineFuzzTests {
    private struct Model {
        var machine: HTTP1ConnectionStateMachine
        var timeouts: ConnectionTimeouts
        var now = MonotonicTime(nanoseconds: 1)
        var hasAnswered = false
        var hasDrained = false
        var inputEnded = false
        var isBlocked = false
        var hasLeft = false
        var left = 0
        var blockedAt = MonotonicTime(nanoseconds: 1)
        var since = MonotonicTime(nanoseconds: 1)
        var state = HTTP1ConnectionStateMachine.State.idle

        init(_ random: inout SplitMix) {
            var timeouts = ConnectionTimeouts()
            timeouts.keepAlive = Int64.random(in: 1...1000, using: &random)
            timeouts.head = Int64.random(in: 1...1000, using: &random)
            timeouts.bodyGap = Int64.random(in: 1...1000, using: &random)
            timeouts.body = Int64.random(in: 1...1000, using: &random)
            timeouts.bodyGrowth = Int64.random(in: 1...1000, using: &random)
            timeouts.write = Int64.random(in: 1...1000, using: &random)
            timeouts.linger = Int64.random(in: 1...1000, using: &random)
            timeouts.drainIdle = Int64.random(in: 1...1000, using: &random)
            self.timeouts = timeouts
            machine = HTTP1ConnectionStateMachine(timeouts: timeouts, now: now)
        }

        /// One event; a sentence when something doesn't hold.
        mutating func step(_ random: inout SplitMix) -> String? {
            now = now.advanced(byNanoseconds: Int64.random(in: 0...200, using: &random))
            let before = machine.state
            let fault = event(Int.random(in: 0..<12, using: &random), before, &random)
            if machine.state != before { since = now }
            return fault ?? invariant(before)
        }

        private mutating func event(
            _ kind: Int,
            _ before: HTTP1ConnectionStateMachine.State,
            _ random: inout SplitMix
        ) -> String? {
            switch kind {
            case 0 where machine.mayParse:
                machine.headBegan(now: now)
            case 1 where machine.mayParse:
                machine.headCompleted(now: now)
            case 2 where machine.mayParse || before == .readingBody:
                machine.requestCompleted(now: now)
            case 3 where before == .readingBody:
                machine.bodyProgressed(by: Int.random(in: 0...1000, using: &random), now: now)
            case 4:
                return answer(keepsAlive: Bool.random(using: &random), before)
            case 5:
                let wasBlocked = isBlocked
                isBlocked = Bool.random(using: &random)
                if isBlocked, !wasBlocked { blockedAt = now }
                if wasBlocked, !isBlocked, before == .idle || before == .readingHead { since = now }
                machine.writabilityChanged(isWritable: !isBlocked, now: now)
            case 6 where Int.random(in: 0..<20, using: &random) == 0:
                hasDrained = true
                machine.drain(now: now)
            case 7 where Int.random(in: 0..<20, using: &random) == 0:
                inputEnded = true
                machine.inputClosed()
                if machine.isOver { machine.channelClosed(now: now) }
            case 8 where Int.random(in: 0..<50, using: &random) == 0:
                machine.channelClosed(now: now)
            case 9 where before == .lingering:
                if !hasLeft { since = now }
                hasLeft = true
                machine.lastAnswerLeft(now: now)
            case 10:
                let count = max(0, Int.random(in: -20..<100, using: &random))
                if count < left, before == .idle || before == .lingering && !hasLeft { since = now }
                if count < left { blockedAt = now }
                left = count
                machine.stillToWrite(count, now: now)
            default:
                return tick(isMemoryScarce: Bool.random(using: &random))
            }
            return nil
        }

        private mutating func answer(
            keepsAlive: Bool,
            _ before: HTTP1ConnectionStateMachine.State
        ) -> String? {
            hasAnswered = true
            switch machine.responseWritten(keepsAlive: keepsAlive, now: now) {
            case .ignore:
                return before == .lingering || before == .closed ? nil : "an answer was dropped in \(before)"
            case .linger:
                guard before != .lingering, before != .closed else { return "a second last answer" }
                return !keepsAlive ? nil : "the connection ended for no reason"
            case .readNext:
                guard before != .lingering, before != .closed else { return "an answer behind the last" }
                since = now
                return keepsAlive ? nil : "the connection went on"
            }
        }

        private mutating func tick(isMemoryScarce: Bool) -> String? {
            let state = machine.state
            switch machine.tick(now: now, isMemoryScarce: isMemoryScarce) {
            case .nothing:
                if isBlocked, blockedAt.advanced(byNanoseconds: timeouts.write) <= now { return "blocked for ever" }
                let limit: Int64? =
                    switch state {
                    case .idle where isBlocked, .readingHead where isBlocked: nil
                    case .idle: left > 0 ? timeouts.write : hasAnswered ? timeouts.keepAlive : timeouts.head
                    case .readingHead: timeouts.head
                    case .readingBody: timeouts.body
                    case .lingering: hasLeft ? timeouts.linger : timeouts.write
                    case .responding, .closed: nil
                    }
                guard let limit, since.advanced(byNanoseconds: limit) <= now else { return nil }
                return "\(state) has no end"
            case .close:
                guard state != .closed || isBlocked else { return "closed twice" }
                guard state != .responding || isBlocked else { return "a request was dropped" }
                machine.channelClosed(now: now)
            case .refuse(let fault):
                let isRight = fault == .headTimeout ? state == .readingHead : state == .readingBody
                guard isRight else { return "\(fault) in \(state)" }
                guard machine.responseWritten(keepsAlive: false, now: now) == .linger else {
                    return "no linger behind \(fault)"
                }
            }
            return nil
        }

        private func invariant(_ before: HTTP1ConnectionStateMachine.State) -> String? {
            let state = machine.state
            if before == .closed, state != .closed { return "back from the dead" }
            if before == .lingering, state != .lingering, state != .closed { return "no way back from lingering" }
            if machine.mayParse, isBlocked || state != .idle && state != .readingHead { return "may parse in \(state)" }
            if machine.isDraining != hasDrained { return "draining is \(machine.isDraining)" }
            if machine.isBlocked != isBlocked { return "blocked is \(machine.isBlocked)" }
            if machine.isWaiting != (isBlocked || state == .responding) { return "waiting is \(machine.isWaiting)" }
            if machine.isOver {
                guard inputEnded, state != .responding, state != .closed else { return "over in \(state)" }
                guard state == .lingering ? hasLeft : !isBlocked else { return "over before the last byte has left" }
            }
            if machine.mustClose != (hasDrained || inputEnded) { return "mustClose is \(machine.mustClose)" }
            return nil
        }
    }

    @Test func `thousands of random events never break what must hold`() {
        var random = SplitMix.seeded("connection states")
        for round in 0..<200 {
            var model = Model(&random)
            for step in 0..<200 {
                if let fault = model.step(&random) {
                    Issue.record("round \(round), step \(step): \(fault)")
                    return
                }
            }
        }
    }
}
