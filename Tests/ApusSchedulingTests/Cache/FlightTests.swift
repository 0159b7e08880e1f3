import ApusCore
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// A shared run that is asked for again, and what runs leave behind: a flight holds the handle of its run, and the run its
/// flight.
struct FlightTests {
    /// How a run comes to its end.
    enum Course: CaseIterable {
        case answered
        case failed
        case refused
        /// The answer comes before `submit` returns what calls the run back.
        case answeredBeforeItsHandle
        case failedBeforeItsHandle
        /// Refused, and asked for again by a member with more time.
        case refusedOnce
        case calledBack
    }

    @Test(arguments: Course.allCases)
    func `nothing is left of a run when it is over`(course: Course) {
        let holder = RecordingLeaseHolder()
        let broken = InferenceError(.engineFailure, "it broke")
        let model =
            switch course {
            case .answeredBeforeItsHandle: HoldingFront(endsAtOnce: true)
            case .failedBeforeItsHandle: HoldingFront(endsAtOnce: true, error: broken)
            default: HoldingFront()
            }
        let front = CachingFront(model, cache: ResponseCache(byteLimit: 1 << 20), time: ManualTime())
        weak var lane: ImmediateLane?
        weak var storage: TensorStorage?
        do {
            let own = ImmediateLane(isCurrent: false)
            let input = Tensor(floats: [1])
            lane = own
            storage = input.storage
            let sinks = (0..<2).map { _ in RecordingSink(lane: own) }
            let handles = sinks.enumerated().map { index, sink in
                var request = InferenceRequest(
                    inputs: [NamedTensor(name: "a", tensor: input)],
                    timings: RequestTimings(received: MonotonicTime(nanoseconds: 0)),
                    lease: holder.lease(front)
                )
                if index == 0 { request.deadline = Deadline(time: MonotonicTime(nanoseconds: .max - 1)) }
                return front.submit(request, to: sink)
            }
            end(model, course, handles)
            #expect(sinks.allSatisfy { $0.hasEnded && $0.faults.isEmpty })
        }
        #expect(model.waiting == 0)
        #expect(storage == nil, "the inputs are kept")
        #expect(lane == nil, "the flight is kept")
        #expect(holder.ended == holder.opened)
    }

    @Test func `a refused run is made for the others when the one who asks for it again has left`() {
        let model = HoldingFront()
        let front = CachingFront(model, cache: ResponseCache(byteLimit: 1 << 20), time: ManualTime())
        let holder = RecordingLeaseHolder()
        func submit(to sink: any AnswerSink, deadline: Int64?) -> CancellationHandle {
            var request = InferenceRequest(
                inputs: [NamedTensor(name: "a", tensor: Tensor(floats: [1]))],
                timings: RequestTimings(received: MonotonicTime(nanoseconds: 0)),
                lease: holder.lease(front)
            )
            request.deadline = Deadline(time: deadline.map { MonotonicTime(nanoseconds: $0) })
            return front.submit(request, to: sink)
        }
        let (asker, other) = (RecordingSink(), RecordingSink())
        let asking = Mutex(CancellationHandle.finished)
        // Told of the refusal, it calls back the one in whose name the run is about to be asked for.
        let first = EndingSink { asking.withLock { $0 }.cancel() }
        _ = submit(to: first, deadline: .max - 1)
        let handle = submit(to: asker, deadline: nil)
        asking.withLock { $0 = handle }
        _ = submit(to: other, deadline: nil)
        model.endOne(with: Scheduler.expired)
        #expect(asker.outcomeSoFar?.error?.code == .cancelled)
        #expect(!other.hasEnded)
        #expect(model.waiting == 1)
        model.endOne()
        #expect(other.outcomeSoFar?.answers.count == 1)
        #expect(holder.ended == holder.opened)
    }

    private func end(_ model: HoldingFront, _ course: Course, _ handles: [CancellationHandle]) {
        switch course {
        case .answered: model.endOne()
        case .failed: model.endOne(with: InferenceError(.engineFailure, "it broke"))
        case .refused:
            // In the name of each in turn.
            for _ in 0..<2 { model.endOne(with: Scheduler.expired) }
        case .refusedOnce:
            model.endOne(with: Scheduler.expired)
            model.endOne()
        case .calledBack:
            for handle in handles { handle.cancel() }
            // It has ended; here it is only let go.
            model.endOne()
        case .answeredBeforeItsHandle, .failedBeforeItsHandle: break
        }
    }
}

/// A model whose requests are called back by what holds their sink, as the scheduler's are.
private final class HoldingFront: RequestFront {
    private final class Run: CancellableRequest {
        let sink: any AnswerSink
        private let request: HandOver<InferenceRequest>

        init(_ request: consuming InferenceRequest, _ sink: any AnswerSink) {
            self.request = HandOver(request)
            self.sink = sink
        }

        func end(with error: InferenceError?) {
            guard let request = request.take() else { return }
            if let error {
                _ = consume request
                return sink.finish(.failure(error))
            }
            sink.receive(request.answer(with: [NamedTensor(name: "x", tensor: Tensor(floats: [2]))]))
            sink.finish(.success)
        }

        func cancel() { end(with: InferenceError(.cancelled, "cancelled")) }

        func expire() { end(with: Scheduler.expired) }
    }

    let description = Model.description(Model.pair)
    let allocator: any TensorAllocator = HeapTensorAllocator()
    /// Whether runs end before `submit` returns.
    private let endsAtOnce: Bool
    private let error: InferenceError?
    private let runs = Mutex<[Run]>([])

    init(endsAtOnce: Bool = false, error: InferenceError? = nil) {
        self.endsAtOnce = endsAtOnce
        self.error = error
    }

    var waiting: Int { runs.withLock { $0.count } }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let run = Run(request, sink)
        if endsAtOnce {
            run.end(with: error)
        } else {
            runs.withLock { $0.append(run) }
        }
        return CancellationHandle(run)
    }

    func endOne(with error: InferenceError? = nil) {
        let run = runs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        run?.end(with: error)
    }

    func statistics() -> ModelStatistics { ModelStatistics() }

    func unload() {}
}

/// A sink that does something when its request has ended.
private final class EndingSink: AnswerSink {
    let lane: any CompletionLane = ImmediateLane(isCurrent: false)
    var demand: Int { 1 }
    private let onEnd: @Sendable () -> Void

    init(_ onEnd: @escaping @Sendable () -> Void) {
        self.onEnd = onEnd
    }

    func receive(_ answer: consuming InferenceAnswer) {}

    func finish(_ end: AnswerEnd) { onEnd() }
}
