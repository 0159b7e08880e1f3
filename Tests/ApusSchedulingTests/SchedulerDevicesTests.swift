import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// One model on several accelerators.
struct SchedulerDevicesTests {
    private let time = ManualTime()
    private let holder = RecordingLeaseHolder()

    private func scheduler(_ sessions: [(EngineDevice, FakeSession, Int)]) throws -> Scheduler {
        let instances = sessions.reduce(0) { $0 + $1.2 }
        return try Scheduler(
            description: Model.description(Model.pair),
            placements: sessions.map { .init(session: $0.1, device: $0.0, count: $0.2) },
            // One core: what runs at once runs on devices.
            pool: try EngineThreadPool(threadCount: 1),
            time: time,
            configuration: .init(instances: instances, allowsInlineRuns: false)
        )
    }

    private func submit(_ value: Float, to scheduler: Scheduler) -> RecordingSink {
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        var request = InferenceRequest(
            inputs: [NamedTensor(name: "a", tensor: Tensor(floats: [value]))],
            timings: RequestTimings(received: time.now),
            lease: holder.lease(scheduler)
        )
        request.requestedOutputs = ["x"]
        _ = scheduler.submit(request, to: sink)
        return sink
    }

    @Test func `a model on two devices runs on both at once, whatever the processor's budget is`() async throws {
        let sessions = (0..<2).map { _ in FakeSession(signature: Model.pair) }
        for session in sessions { session.gate.close() }
        let scheduler = try scheduler([(.gpu(0), sessions[0], 1), (.gpu(1), sessions[1], 1)])
        let sinks = [submit(1, to: scheduler), submit(2, to: scheduler)]
        // Both stand in their devices' gates at the same time.
        for session in sessions { await session.gate.arrived(1) }
        #expect(sessions.allSatisfy { $0.gate.waiting == 1 })
        for session in sessions { session.gate.open() }
        for (index, sink) in sinks.enumerated() {
            #expect(await sink.outcome().answers.first?.outputs.first?.tensor.floats == [Float(index + 1)])
        }
        #expect(
            scheduler.statistics().devices
                == [.init(device: "GPU 0", instances: 1), .init(device: "GPU 1", instances: 1)]
        )
    }

    @Test func `the devices' threads are the model's own and come without a thread for alarms`() throws {
        let sessions = (0..<2).map { _ in FakeSession(signature: Model.pair) }
        let scheduler = try scheduler([(.standard, sessions[0], 1), (.gpu(0), sessions[1], 2)])
        #expect(scheduler.pools.count == 3)
        #expect(scheduler.threads(of: 0) === scheduler.pool)
        #expect(scheduler.threads(of: 1) !== scheduler.pool)
        #expect(scheduler.threads(of: 2) === scheduler.threads(of: 1))
        #expect(scheduler.pool.hasAlarms)
        #expect(!scheduler.threads(of: 1).hasAlarms)
    }

    @Test func `an instance on a device that is lost is made anew there`() async throws {
        let sessions = (0..<2).map { _ in FakeSession(signature: Model.pair) }
        let scheduler = try scheduler([(.gpu(0), sessions[0], 1), (.gpu(1), sessions[1], 1)])
        for session in sessions { session.failNextRun(with: EngineError(.instanceLost, "the device was reset")) }
        let first = await submit(1, to: scheduler).outcome()
        // It saw both die.
        #expect(first.error?.code == .engineFailure)
        time.advance(byNanoseconds: InstanceRepair.longestPause)
        #expect(await submit(2, to: scheduler).outcome().error == nil)
        #expect(sessions.map(\.deaths.count) == [1, 1])
    }

    @Test func `the processor's instances run on the processor's threads beside the devices'`() async throws {
        let sessions = (0..<2).map { _ in FakeSession(signature: Model.pair) }
        for session in sessions { session.gate.close() }
        let scheduler = try scheduler([(.standard, sessions[0], 2), (.gpu(0), sessions[1], 2)])
        let sinks = (0..<4).map { submit(Float($0), to: scheduler) }
        await sessions[1].gate.arrived(2)
        await sessions[0].gate.arrived(1)
        // The budget's only thread runs one; the other waits for it.
        #expect(sessions[0].gate.waiting == 1)
        for session in sessions { session.gate.open() }
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(sessions[0].runs.count + sessions[1].runs.count == 4)
    }
}
