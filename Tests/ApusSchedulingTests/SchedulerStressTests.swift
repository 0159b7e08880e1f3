import ApusCore
import ApusEngine
import ApusTesting
import Foundation
import Synchronization
import Testing

@testable import ApusScheduling

struct SchedulerStressTests {
    /// What one client thread sends and finds out.
    private final class Client: Sendable {
        let bench: Bench
        let rounds: Int
        let seed: UInt64
        private let sinks = Mutex<[RecordingSink]>([])
        private let hasEnded = DispatchSemaphore(value: 0)

        init(_ bench: Bench, rounds: Int, seed: UInt64) {
            self.bench = bench
            self.rounds = rounds
            self.seed = seed
        }

        /// Every sink that a request was sent to.
        var allSinks: [RecordingSink] { sinks.withLock { $0 } }

        func start() {
            Thread {
                self.send()
                self.hasEnded.signal()
            }
            .start()
        }

        func wait() { hasEnded.wait() }

        /// Is an event loop: submits some, carries completions out, until all have ended.
        private func send() {
            var random = SeededGenerator(seed: seed)
            let lane = RecordingLane()
            for _ in 0..<rounds {
                let batch = (0..<Int.random(in: 1...4, using: &random)).map { _ in RecordingSink(lane: lane) }
                sinks.withLock { $0 += batch }
                for sink in batch { submit(to: sink, on: lane, &random) }
                lane.carryOut { batch.allSatisfy(\.hasEnded) }
            }
        }

        private func submit(to sink: RecordingSink, on lane: RecordingLane, _ random: inout SeededGenerator) {
            let kind = Int.random(in: 0..<10, using: &random)
            let size = Int.random(in: 1...3, using: &random)
            let inputs = [
                NamedTensor(name: kind == 0 ? "q" : "a", tensor: Tensor(floats: [Float](repeating: 1, count: size)))
            ]
            let deadline: MonotonicTime? = kind == 1 ? MonotonicTime(nanoseconds: 0) : nil
            let handle = lane.run {
                bench.submit(bench.request(inputs, deadline: deadline), to: sink)
            }
            if kind == 2 { handle.cancel() }
            if kind == 3 { handle.expire() }
        }
    }

    @Test(arguments: [(1, 1, false), (2, 2, false), (4, 2, false), (1, 1, true), (3, 2, true)])
    func `many threads submit and every sink gets exactly one end`(
        _ instances: Int,
        _ threads: Int,
        _ isBatched: Bool
    ) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("SchedulerStressTests: seed \(seed)")
        // An optional input would forbid batches.
        let single = ModelSignature(inputs: [Model.tensor("a")], outputs: [Model.tensor("x"), Model.tensor("y")])
        let bench = try Bench(
            signature: isBatched ? single : Model.pair,
            threads: threads,
            compute: { run throws(EngineError) in
                // Some runs fail, by what they are given.
                guard run.inputs[0]?.shape.elementCount != 3 else { throw EngineError(.runFailed, "it broke") }
                return try FakeRun.identity(run)
            },
            configuration: .init(instances: instances),
            isBatched: isBatched
        )
        let clients = (0..<6).map { Client(bench, rounds: 400, seed: seed &+ $0) }
        for client in clients { client.start() }
        for client in clients { client.wait() }
        let sinks = clients.flatMap(\.allSinks)
        var answered = 0
        for sink in sinks {
            #expect(sink.faults.isEmpty)
            let outcome = try #require(sink.outcomeSoFar)
            #expect(outcome.answers.count == (outcome.error == nil ? 1 : 0))
            if outcome.error == nil { answered += 1 }
        }
        #expect(bench.session.overlaps == 0)
        #expect(bench.holder.opened == sinks.count)
        #expect(bench.holder.ended == sinks.count)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.success.count == UInt64(answered))
        #expect(statistics.fail.count == UInt64(sinks.count - answered))
        #expect(statistics.failures.reduce(0, +) == statistics.fail.count)
        #expect(statistics.pending == 0)
    }
}
