import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct SchedulerStateMachineTests {
    /// A run under way.
    private enum Run {
        case onPool(shape: UInt64)
        case inline(shape: UInt64, isMeasured: Bool)
    }

    /// What must hold, kept beside the machine in the plainest form.
    private struct Simulation {
        private var machine: SchedulerStateMachine
        private let bench: Bench
        private let instances: Int
        private var queue: [QueuedRequest] = []
        /// What instances run.
        private var running: [Int: Run] = [:]
        private var now = MonotonicTime(nanoseconds: 0)
        private(set) var inlineRuns = 0
        private(set) var started = 0
        private(set) var enqueued = 0
        private(set) var withdrawn = 0

        init(instances: Int) throws {
            var policy = InlinePolicy()
            for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: 1) }
            self.machine = SchedulerStateMachine(instances: instances, policy: policy)
            self.bench = try Bench()
            self.instances = instances
        }

        mutating func step(with random: inout some RandomNumberGenerator) throws {
            now = now.advanced(byNanoseconds: .random(in: 0..<10_000_000, using: &random))
            // More ends than arrivals, so that the queue is empty now and then.
            if running.isEmpty || .random(in: 0..<10, using: &random) < 4 {
                try requestArrives(
                    shape: .random(in: 1...2, using: &random),
                    isOnLane: .random(using: &random)
                )
            } else {
                try runEnds(
                    instance: running.keys.sorted().randomElement(using: &random)!,
                    nanoseconds: .random(in: 0..<50, using: &random) == 0 ? 6_000_000 : 1_000,
                    hasRun: .random(in: 0..<10, using: &random) > 0
                )
            }
            if .random(in: 0..<20, using: &random) == 0 { try requestIsWithdrawn(with: &random) }
            #expect(machine.waiting == queue.count)
            try #require(queue.isEmpty || running.count == instances, "a request waits beside a free instance")
        }

        mutating func finish() throws {
            while let instance = running.keys.min() { try runEnds(instance: instance, nanoseconds: 1, hasRun: true) }
            #expect(queue.isEmpty)
            #expect(started == enqueued - withdrawn + inlineRuns)
            // Every permit is there again, each once.
            for _ in 0..<instances { try requestArrives(shape: 2, isOnLane: false) }
            #expect(running.count == instances)
            try requestArrives(shape: 2, isOnLane: false)
            #expect(machine.waiting == 1)
        }

        private mutating func requestArrives(shape: UInt64, isOnLane: Bool) throws {
            switch machine.requestArrived(shape: shape, isOnLane: isOnLane, now: now) {
            case .runInline(let instance, let isMeasured):
                inlineRuns += 1
                #expect(isOnLane, "a request ran inline off its lane")
                try #require(queue.isEmpty, "a request ran inline past others")
                try starts(instance, .inline(shape: shape, isMeasured: isMeasured))
            case .enqueue:
                enqueued += 1
                let request = try makeRequest(shape: shape)
                queue.append(request)
                try carryOut(machine.enqueued(request))
            }
        }

        private mutating func requestIsWithdrawn(with random: inout some RandomNumberGenerator) throws {
            guard let index = queue.indices.randomElement(using: &random) else { return }
            let request = queue.remove(at: index)
            withdrawn += 1
            let (first, second) = (machine.withdrawn(request), machine.withdrawn(request))
            #expect(first, "a waiting request could not be withdrawn")
            #expect(!second, "a request was withdrawn twice")
        }

        private mutating func runEnds(instance: Int, nanoseconds: UInt64, hasRun: Bool) throws {
            let run = running.removeValue(forKey: instance)
            switch try #require(run) {
            case .inline(let shape, let isMeasured):
                let change = machine.inlineRunEnded(
                    instance: instance,
                    shape: shape,
                    wall: nanoseconds,
                    cost: isMeasured ? nanoseconds : nil,
                    now: now
                )
                try carryOut(change)
            case .onPool(let shape):
                try carryOut(
                    machine.poolRunEnded(instance: instance, shape: shape, cost: hasRun ? nanoseconds : nil)
                )
            }
        }

        private mutating func carryOut(_ change: SchedulerStateMachine.OnChange) throws {
            guard case .run(let request, let instance) = change else { return }
            try #require(request === queue.first, "a request ran before one that came earlier")
            queue.removeFirst()
            try starts(instance, .onPool(shape: request.shape))
        }

        private mutating func starts(_ instance: Int, _ run: Run) throws {
            started += 1
            try #require((0..<instances).contains(instance))
            try #require(running[instance] == nil, "instance \(instance) has two permits")
            running[instance] = run
        }

        private func makeRequest(shape: UInt64) throws -> QueuedRequest {
            QueuedRequest(
                request: bench.request(),
                call: ValidatedCall(inputs: [], outputs: [], batchSize: 1),
                shape: shape,
                sink: RecordingSink(),
                scheduler: bench.scheduler
            )
        }
    }

    @Test(arguments: 1...6) func `random steps lose no permit, double none and keep the order`(_ instances: Int) throws
    {
        let seed = UInt64.random(in: .min ... .max)
        print("SchedulerStateMachineTests: \(instances) instances, seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var simulation = try Simulation(instances: instances)
        for _ in 0..<20_000 { try simulation.step(with: &random) }
        try simulation.finish()
        #expect(simulation.inlineRuns > 0, "seed \(seed) never ran inline")
        #expect(simulation.enqueued > 0)
    }

    @Test func `a request off its lane never runs inline`() throws {
        var policy = InlinePolicy()
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: 1) }
        var machine = SchedulerStateMachine(instances: 1, policy: policy)
        let now = MonotonicTime(nanoseconds: 0)
        #expect(machine.requestArrived(shape: 1, isOnLane: false, now: now) == .enqueue)
        #expect(
            machine.requestArrived(shape: 1, isOnLane: true, now: now) == .runInline(instance: 0, isMeasured: false)
        )
    }

    @Test func `a request doesn't run inline without a free instance`() throws {
        var policy = InlinePolicy()
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: 1) }
        var machine = SchedulerStateMachine(instances: 1, policy: policy)
        let now = MonotonicTime(nanoseconds: 0)
        #expect(
            machine.requestArrived(shape: 1, isOnLane: true, now: now) == .runInline(instance: 0, isMeasured: false)
        )
        #expect(machine.requestArrived(shape: 1, isOnLane: true, now: now) == .enqueue)
    }
}
