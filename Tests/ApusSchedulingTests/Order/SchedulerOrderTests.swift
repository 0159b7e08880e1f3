import ApusCore
import ApusEngine
import ApusTesting
import Dispatch
import Synchronization
import Testing

@testable import ApusScheduling

/// `preserve_ordering` with several instances.
struct SchedulerOrderTests {
    /// Notes in which order requests end.
    private final class Log: Sendable {
        private let entries = Mutex<[(id: String, isSuccess: Bool)]>([])
        private let wake = DispatchSemaphore(value: 0)

        var all: [(id: String, isSuccess: Bool)] { entries.withLock { $0 } }

        func append(_ id: String, isSuccess: Bool) {
            entries.withLock { $0.append((id, isSuccess)) }
            wake.signal()
        }

        func wait(for count: Int) { for _ in 0..<count { wake.wait() } }
    }

    private final class LogSink: AnswerSink {
        let lane: any CompletionLane = ImmediateLane(isCurrent: false)
        var demand: Int { .max }
        private let id: String
        private let log: Log

        init(_ id: String, _ log: Log) {
            self.id = id
            self.log = log
        }

        func receive(_ answer: consuming InferenceAnswer) {}

        func finish(_ end: AnswerEnd) {
            if case .success = end { log.append(id, isSuccess: true) } else { log.append(id, isSuccess: false) }
        }
    }

    private func configuration(_ instances: Int, isInline: Bool = false) -> Scheduler.Configuration {
        var configuration = Scheduler.Configuration(instances: instances)
        configuration.allowsInlineRuns = isInline
        configuration.batching.preservesOrdering = true
        return configuration
    }

    private func input(_ value: Float) -> [NamedTensor] {
        [NamedTensor(name: "a", tensor: Tensor(floats: [value, 0]))]
    }

    /// The instance that runs the request with this value.
    private func instance(_ bench: Bench, of value: Float) -> Int? {
        bench.session.runs.last { $0.inputs[0]?.floats.first == value }?.instance
    }

    /// Three requests that stand at the gate, and a fourth that takes the instance of the second when that has run.
    private func secondFirst(_ bench: Bench) async throws -> (sinks: [RecordingSink], handles: [CancellationHandle]) {
        bench.session.gate.close()
        var sinks: [RecordingSink] = []
        var handles: [CancellationHandle] = []
        for value in 0..<4 {
            sinks.append(bench.pooledSink())
            handles.append(bench.submit(bench.request(input(Float(value))), to: sinks[value]))
            await bench.session.gate.arrived(min(value + 1, 3))
        }
        bench.session.gate.passRun(of: try #require(instance(bench, of: 1)))
        await bench.session.gate.arrived(4)
        return (sinks, handles)
    }

    @Test func `an answer that is ready first waits for the one before it`() async throws {
        let bench = try Bench(threads: 3, configuration: configuration(3))
        let (sinks, _) = try await secondFirst(bench)
        #expect(sinks.allSatisfy { !$0.hasEnded })
        #expect(bench.scheduler.statistics().success.count == 0)
        bench.session.gate.passRun(of: try #require(instance(bench, of: 0)))
        #expect(await sinks[0].outcome().error == nil)
        #expect(await sinks[1].outcome().answers.first?.outputs.first?.tensor.floats == [1, 0])
        #expect(!sinks[2].hasEnded)
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.scheduler.statistics().success.count == 4)
        #expect(bench.holder.ended == 4)
    }

    @Test func `one that is called back is told at once and makes room`() async throws {
        let bench = try Bench(threads: 3, configuration: configuration(3))
        let (sinks, handles) = try await secondFirst(bench)
        handles[0].cancel()
        #expect(sinks[0].outcomeSoFar?.error?.code == .cancelled)
        #expect(sinks[1].outcomeSoFar?.answers.count == 1)
        bench.session.gate.open()
        for sink in sinks[2...] { #expect(await sink.outcome().error == nil) }
    }

    @Test func `one whose answer is held back expires at its deadline`() async throws {
        let bench = try Bench(threads: 3, configuration: configuration(3))
        let (sinks, handles) = try await secondFirst(bench)
        handles[1].expire()
        #expect(sinks[1].outcomeSoFar?.error?.message == "[request id: <id_unknown>] Request timeout expired")
        #expect(!sinks[0].hasEnded)
        bench.session.gate.open()
        for index in [0, 2, 3] { #expect(await sinks[index].outcome().error == nil) }
        #expect(sinks[1].faults.isEmpty)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.success.count == 3)
        #expect(statistics.fail.count == 1)
        #expect(bench.holder.ended == 4)
    }

    @Test func `a run on an event loop overtakes nobody`() async throws {
        let mayEnd = DispatchSemaphore(value: 0)
        let hasBegun = DispatchSemaphore(value: 0)
        let bench = try Bench(
            compute: { run throws(EngineError) in
                if run.inputs[0]?.floats.first == 9 {
                    hasBegun.signal()
                    mayEnd.wait()
                }
                return try FakeRun.identity(run)
            },
            configuration: configuration(2, isInline: true)
        )
        await bench.warmUp()
        // A machine that is busy, or a sanitizer, may make a run look too long for an event loop: it is asked again.
        for _ in 0..<1_000 where bench.scheduler.statistics().inlineExecutionCount == 0 {
            let inline = RecordingSink()
            bench.submit(bench.request(), to: inline)
            if bench.scheduler.statistics().inlineExecutionCount == 1 { #expect(inline.hasEnded) }
            _ = await inline.outcome()
        }
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
        let slow = bench.pooledSink()
        bench.submit(bench.request(input(9)), to: slow)
        hasBegun.wait()
        let fast = RecordingSink()
        bench.submit(bench.request(), to: fast)
        #expect(!fast.hasEnded)
        mayEnd.signal()
        #expect(await slow.outcome().error == nil)
        #expect(await fast.outcome().error == nil)
        #expect(slow.hasEnded)
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
    }

    @Test(arguments: [false, true])
    func `thousands of answers from four threads leave in the order of their requests`(_ isBatched: Bool) throws {
        let single = ModelSignature(inputs: [Model.tensor("a")], outputs: [Model.tensor("x")])
        let bench = try Bench(
            signature: single,
            threads: 4,
            compute: { run throws(EngineError) in
                if run.inputs[0]?.floats.contains(666) == true { throw EngineError(.runFailed, "it broke") }
                if run.inputs[0]?.floats.contains(13) == true { throw EngineError(.instanceLost, "it died") }
                return try FakeRun.identity(run)
            },
            configuration: configuration(4),
            isBatched: isBatched
        )
        let log = Log()
        let count = 3_000
        for number in 0..<count {
            let value: Float = number % 7 == 3 ? 666 : number % 500 == 77 ? 13 : 1
            let handle = bench.scheduler.submit(
                bench.request(input(value), outputs: ["x"]),
                to: LogSink("\(number)", log)
            )
            if number % 11 == 5 { handle.cancel() }
        }
        log.wait(for: count)
        let answered = log.all.filter(\.isSuccess).compactMap { Int($0.id) }
        #expect(answered == answered.sorted())
        #expect(Set(log.all.map(\.id)).count == count)
        #expect(answered.count > count / 2)
        #expect(bench.scheduler.statistics().pending == 0)
    }
}
