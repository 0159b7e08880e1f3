import ApusCore
import ApusEngine
import ApusTesting
import Synchronization

@testable import ApusScheduling

/// What a random schedule consists of.
extension RandomRequests {
    /// Tells the book what came.
    private final class BookSink: AnswerSink {
        let lane: any CompletionLane = ImmediateLane(isCurrent: false)
        var demand: Int { .max }
        private let number: Int
        private let ledger: Ledger
        private let time: ManualTime

        init(_ number: Int, _ ledger: Ledger, _ time: ManualTime) {
            self.number = number
            self.ledger = ledger
            self.time = time
        }

        func receive(_ answer: consuming InferenceAnswer) {
            let outputs = answer.outputs
            ledger.state.withLock { $0.book.received(number, outputs: outputs) }
        }

        func finish(_ end: AnswerEnd) {
            let now = time.now
            ledger.state.withLock { $0.book.finished(number, end, now: now) }
        }
    }

    /// A request comes.
    func submit() {
        let level = random(0..<setting.queue.policies.count)
        let priority = setting.queue.isWritten ? UInt64(level + 1) : 0
        let queueTimeout = setting.queue.isWritten && random(0..<3) == 0 ? Int64(random(1..<200)) : 0
        let now = time.now
        let asked = draw(level: level, queueTimeout: queueTimeout, now: now)
        let (number, elements) = ledger.state.withLock { state in
            let number = state.book.ask(asked)
            let row = asked.rows > 0 ? Int.random(in: 0..<asked.rows, using: &state.random) : 0
            return (number, RequestBook.elements(number, asked, bad: row))
        }
        let shape = asked.kind == .unfit ? [asked.rows * asked.columns] : [asked.rows, asked.columns]
        var request = InferenceRequest(
            inputs: [NamedTensor(name: "a", tensor: Tensor(shape, floats: elements))],
            timings: RequestTimings(received: now),
            lease: holder.lease(scheduler)
        )
        request.requestedOutputs = asked.outputs
        request.deadline = Deadline(time: asked.deadline)
        request.priority = priority
        request.queueTimeout = queueTimeout
        if setting.callers > 1 { request.caller = Caller(key: "c\(random(0..<setting.callers))") }
        let handle = scheduler.submit(request, to: BookSink(number, ledger, time))
        ledger.state.withLock { $0.book.note(number, handle: handle) }
    }

    private func draw(level: Int, queueTimeout: Int64, now: MonotonicTime) -> RequestBook.Asked {
        let policy = setting.queue.policies[level]
        let timeout = policy.timeoutAction == .reject ? policy.timeout(asked: queueTimeout) : nil
        return ledger.state.withLock { state in
            func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &state.random) }
            let kind: RequestBook.Kind =
                if draw(0..<100) < setting.poison {
                    .poison
                } else if draw(0..<1000) < setting.deadly {
                    .deadly
                } else {
                    draw(0..<100) == 0 ? .unfit : .good
                }
            let isLarge = draw(0..<100) < setting.large
            let size = draw(0..<20)
            // Some have no rows at all.
            let rows = isLarge ? draw(6..<25) : size == 0 && kind == .good ? 0 : size < 14 ? 1 : draw(2..<6)
            return RequestBook.Asked(
                kind: kind,
                rows: rows,
                columns: draw(1..<4),
                outputs: [["x"], ["x", "y"], ["y"]][draw(0..<3)],
                deadline: draw(0..<4) == 0 ? now.advanced(byNanoseconds: Int64(draw(0..<600))) : nil,
                timeout: timeout.map { now.advanced(byNanoseconds: $0) }
            )
        }
    }

    /// Somebody doesn't want an answer any more.
    func cancel() {
        let handle = ledger.state.withLock { state -> CancellationHandle? in
            // By number, so that a seed repeats the choice.
            guard let oldest = state.book.open.keys.min() else { return nil }
            return state.book.cancel(Int.random(in: oldest..<state.book.next, using: &state.random))
        }
        handle?.cancel()
    }

    /// Time passes, and who has waited too long is told so.
    func pass() {
        let isInside = ledger.state.withLock { $0.depth } > 0
        // Costs are the shorter of clock and processor time: runs are short, so that the clock is.
        let isLong = !isInside && setting.losses > 0 && random(0..<20) == 0
        time.advance(byNanoseconds: isLong ? 2 * InstanceRepair.firstPause : Int64(random(1..<120)))
        _ = pool.wakeUps?.ring()
        if isStepped, !isInside { checkPromptness() }
        if random(0..<2) == 0 { expireAsEdgesDo() }
    }

    /// An event loop keeps deadlines of its own, for requests that run.
    private func expireAsEdgesDo() {
        let now = time.now
        let late = ledger.state.withLock { state in
            state.book.open.sorted { $0.key < $1.key }.compactMap { _, asked in
                asked.deadline.map { $0 <= now } == true ? asked.handle : nil
            }
        }
        for handle in late { handle.expire() }
    }

    /// Whoever waits has been told at the deadline, whether or not an instance was free.
    private func checkPromptness() {
        let now = time.now
        ledger.state.withLock { state in
            for (number, asked) in state.book.open {
                // One whose answer is held back, to keep order, is the edge's to give up.
                let isHeld = setting.batching.preservesOrdering && (asked.hasRun || !asked.isKnown)
                let isLate = !isHeld && asked.deadline.map { $0 <= now } ?? false
                // What a run has taken is not refused for waiting.
                let isOut = asked.isKnown && !asked.hasRun && asked.timeout.map { $0 <= now } ?? false
                if isLate || isOut { state.book.fail("\(number) waits at \(now): \(asked)") }
            }
        }
    }
}

/// The end of a schedule.
extension RandomRequests {
    /// Lets everything run out.
    func finish() async {
        for _ in 0..<20_000 where fault == nil && !isOver {
            time.advance(byNanoseconds: setting.losses > 0 ? InstanceRepair.longestPause : 1_000)
            _ = pool.wakeUps?.ring()
            if isStepped {
                while pool.runNext() {}
            } else {
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        check()
    }

    /// Whether nobody waits any more, and no engine thread has anything of theirs.
    private var isOver: Bool {
        ledger.state.withLock { $0.book.open.isEmpty } && holder.opened == holder.ended
    }

    private func check() {
        let statistics = scheduler.statistics()
        let faults = ledger.state.withLock { state in
            let book = state.book
            let (success, fail) = (statistics.success.count, statistics.fail.count)
            let isCounted = success == UInt64(book.successes) && fail == UInt64(book.failures)
            return [
                book.open.isEmpty ? "" : "\(book.open.count) were left behind: \(book.open.first as Any)",
                isCounted ? "" : "\(success) and \(fail) were counted, not \(book.ends)",
            ]
        }
        let others = [
            statistics.pending == 0 ? "" : "\(statistics.pending) are said to wait",
            session.overlaps == 0 ? "" : "an instance was given twice",
            holder.opened == holder.ended ? "" : "of \(holder.opened) leases \(holder.ended) have ended",
        ]
        for text in faults + others where !text.isEmpty { ledger.state.withLock { $0.book.fail(text) } }
    }
}
