import ApusCore
import ApusEngine
import ApusTesting

@testable import ApusScheduling

/// A response cache before a scheduler over a fake session, with a manual clock.
final class CacheBench: Sendable {
    let bench: Bench
    let cache: ResponseCache
    let front: CachingFront

    var time: ManualTime { bench.time }
    var session: FakeSession { bench.session }
    var holder: RecordingLeaseHolder { bench.holder }
    var statistics: ModelStatistics { front.statistics() }

    init(
        _ bench: Bench,
        cache: ResponseCache = ResponseCache(byteLimit: 1 << 20),
        configuration: CachingFront.Configuration = .init()
    ) {
        self.bench = bench
        self.cache = cache
        self.front = CachingFront(bench.scheduler, cache: cache, time: bench.time, configuration: configuration)
    }

    convenience init(threads: Int = 2, configuration: CachingFront.Configuration = .init()) throws {
        self.init(try Bench(threads: threads), configuration: configuration)
    }

    /// A request that was received now and asks for the double of some numbers, or whatever the model computes.
    func request(
        _ numbers: [Float] = [1, 2],
        id: String = "",
        outputs: [String] = ["x"],
        deadline: Int64? = nil
    ) -> InferenceRequest {
        var request = InferenceRequest(
            inputs: [NamedTensor(name: "a", tensor: Tensor(floats: numbers))],
            timings: RequestTimings(received: time.now),
            lease: holder.lease(front)
        )
        request.id = id
        request.requestedOutputs = outputs
        request.deadline = Deadline(time: deadline.map { time.now.advanced(byNanoseconds: $0) })
        return request
    }

    /// Submits a request from outside every lane.
    @discardableResult
    func ask(_ request: consuming InferenceRequest, _ sink: RecordingSink) -> CancellationHandle {
        front.submit(request, to: sink)
    }

    /// Submits a request from outside every lane.
    func ask(_ request: consuming InferenceRequest) -> RecordingSink {
        let sink = bench.pooledSink()
        _ = front.submit(request, to: sink)
        return sink
    }
}
