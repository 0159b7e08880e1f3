import ApusCore
import ApusEngine
import ApusTesting
import Glibc
import Synchronization

@testable import ApusScheduling

/// Drives a whole `Scheduler` through a random schedule and checks everything that comes of it.
///
/// Stepped, there is one thread: it takes the engine threads' place, and while a run is under way goes on with the
/// schedule from inside of it, so that requests come, go and run elsewhere meanwhile; a seed repeats it. Threaded, engine
/// threads run beside it as they will, and a seed repeats only what is sent.
final class RandomRequests: Sendable {
    /// The book and the random numbers, which runs on engine threads use too.
    final class Ledger: Sendable {
        struct State: Sendable {
            var random: SeededGenerator
            var book: RequestBook
            /// Runs that are under way around the current step.
            var depth = 0
            var steps = 0
        }

        let state: Mutex<State>
        let time = ManualTime()

        init(_ setting: SchedulerSetting, seed: UInt64) {
            state = Mutex(State(random: SeededGenerator(seed: seed), book: RequestBook(setting)))
        }
    }

    private static let signature = ModelSignature(
        inputs: [Model.tensor("a", .fp32, [-1, -1])],
        outputs: [Model.tensor("x", .fp32, [-1, -1]), Model.tensor("y", .fp32, [-1, 1])]
    )

    let setting: SchedulerSetting
    let isStepped: Bool
    let time: ManualTime
    let session: FakeSession
    let pool: EngineThreadPool
    let scheduler: Scheduler
    let holder = RecordingLeaseHolder()
    let ledger: Ledger

    /// Makes a scheduler of its own.
    ///
    /// - Parameters:
    ///   - setting: What it is configured with.
    ///   - seed: Where random choices begin.
    ///   - threads: Engine threads; 0 to step.
    /// - Throws: What the pool or the scheduler reports.
    init(_ setting: SchedulerSetting, seed: UInt64, threads: Int = 0) throws {
        self.setting = setting
        isStepped = threads == 0
        let ledger = Ledger(setting, seed: seed)
        self.ledger = ledger
        time = ledger.time
        session = FakeSession(signature: RandomRequests.signature, time: time) { run throws(EngineError) in
            try ledger.compute(run)
        }
        session.durations = FakeSession.Durations(input: 3, infer: 20, output: 2)
        pool = isStepped ? try .stepped(time: time) : try EngineThreadPool(threadCount: threads, time: time)
        var configuration = Scheduler.Configuration(instances: setting.instances, allowsInlineRuns: false)
        configuration.batching = setting.batching
        configuration.queue = setting.queue
        scheduler = try Scheduler(
            description: Model.description(RandomRequests.signature),
            session: session,
            pool: pool,
            time: time,
            configuration: configuration
        )
        session.inputHook = { [weak self] in self?.runIsUnderWay() }
    }

    /// What has gone wrong; `nil` so far.
    var fault: String? { ledger.state.withLock { $0.book.fault } }

    /// Ends by what they were.
    var ends: [String: Int] { ledger.state.withLock { $0.book.ends } }

    /// Steps so far, those inside of runs included.
    var steps: Int { ledger.state.withLock { $0.steps } }

    /// Does something, whatever it may be.
    func step() {
        ledger.state.withLock { $0.steps += 1 }
        switch random(0..<10) {
        case 0...3: submit()
        case 4: cancel()
        case 5: pass()
        default: if isStepped { pool.runNext() } else { giveWay() }
        }
        if setting.failsToMake, random(0..<400) == 0 {
            session.failNextInstance(with: EngineError(.other, "no device"))
        }
    }

    func random(_ range: Range<Int>) -> Int {
        ledger.state.withLock { Int.random(in: range, using: &$0.random) }
    }

    /// Lets engine threads catch up.
    private func giveWay() {
        if ledger.state.withLock({ $0.book.open.count }) > 100 { sched_yield() }
    }

    /// A run has begun and has not computed yet.
    private func runIsUnderWay() {
        guard isStepped else {
            if random(0..<16) == 0 { sched_yield() }
            return
        }
        let depth = ledger.state.withLock { state in
            state.depth += 1
            return state.depth
        }
        if depth < 5 { for _ in 0..<random(0..<5) { step() } }
        ledger.state.withLock { $0.depth -= 1 }
    }
}

extension RandomRequests.Ledger {
    /// What the model makes of a run.
    func compute(_ run: FakeRun) throws(EngineError) -> [Tensor] {
        guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
        let elements = input.floats
        let rowCost = state.withLock { $0.book.setting.rowCost }
        time.advance(byNanoseconds: Int64(rowCost * input.shape.dimensions[0]))
        let isLost = state.withLock { state in
            let setting = state.book.setting
            if input.shape.elementCount > 0 { state.book.runBegan(input) }
            let isLost =
                elements.contains(RequestBook.deadly) || Int.random(in: 0..<100, using: &state.random) < setting.losses
            if isLost, input.shape.elementCount > 0 { state.book.instanceLost(input) }
            return isLost
        }
        if isLost { throw EngineError(.instanceLost, "the device is gone") }
        if elements.contains(RequestBook.poison) { throw EngineError(.runFailed, "a poisoned row") }
        let tooMany = state.withLock { $0.book.setting.tooMany }
        if input.shape.dimensions[0] > tooMany { throw EngineError(.outOfMemory, "too many rows") }
        return RequestBook.compute(input, outputs: run.outputs)
    }
}
