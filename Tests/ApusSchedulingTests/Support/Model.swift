import ApusCore
import ApusEngine
import ApusTesting

@testable import ApusScheduling

/// Descriptions, requests and schedulers for these tests.
enum Model {
    static let id = ModelID(name: ModelName("m")!, version: .first)

    /// An FP32 tensor of any length, unless said otherwise.
    static func tensor(
        _ name: String,
        _ type: DataType = .fp32,
        _ shape: [Int] = [-1],
        isOptional: Bool = false
    ) -> TensorSpecification {
        TensorSpecification(name: name, dataType: type, shape: shape, isOptional: isOptional)
    }

    /// A model that gives two inputs back as two outputs.
    static let pair = ModelSignature(
        inputs: [tensor("a"), tensor("b", isOptional: true)],
        outputs: [tensor("x"), tensor("y")]
    )

    /// What clients see of a signature.
    static func description(_ signature: ModelSignature, maxBatchSize: Int = 0) -> ModelDescription {
        ModelDescription(
            id: id,
            platform: "fake",
            inputs: signature.inputs,
            outputs: signature.outputs,
            unservedOutputs: signature.unservedOutputs,
            maxBatchSize: maxBatchSize
        )
    }
}

/// A scheduler over a fake session, with a manual clock and a holder that counts leases.
final class Bench: Sendable {
    let time = ManualTime()
    let session: FakeSession
    let holder = RecordingLeaseHolder()
    let pool: EngineThreadPool
    let scheduler: Scheduler

    /// Makes everything.
    ///
    /// Stepped, it has no threads: a test calls `pool.runNext()` and `pool.wakeUps.ring()` instead.
    init(
        signature: ModelSignature = Model.pair,
        maxBatchSize: Int = 0,
        threads: Int = 2,
        compute: @escaping FakeSession.Computation = FakeRun.identity,
        configuration: Scheduler.Configuration = .init(instances: 1),
        served: [Int]? = nil,
        isBatched: Bool = false,
        isStepped: Bool = false
    ) throws {
        session = FakeSession(signature: signature, time: time, compute: compute)
        pool = isStepped ? try .stepped(time: time) : try EngineThreadPool(threadCount: threads, time: time)
        let outputs = (served ?? Array(signature.outputs.indices)).map { signature.outputs[$0] }
        let seen = ModelSignature(
            inputs: signature.inputs,
            outputs: outputs,
            unservedOutputs: signature.unservedOutputs
        )
        var configuration = configuration
        configuration.sessionOutputs = served
        configuration.batching.isAllowed = isBatched
        scheduler = try Scheduler(
            description: Model.description(seen, maxBatchSize: maxBatchSize),
            session: session,
            pool: pool,
            time: time,
            configuration: configuration
        )
    }

    /// A request that was received now.
    func request(
        _ inputs: [NamedTensor] = [NamedTensor(name: "a", tensor: Tensor(floats: [1, 2]))],
        id: String = "",
        outputs: [String] = ["x"],
        deadline: MonotonicTime? = nil
    ) -> InferenceRequest {
        var request = InferenceRequest(
            inputs: inputs,
            timings: RequestTimings(received: time.now),
            lease: holder.lease(scheduler)
        )
        request.id = id
        request.requestedOutputs = outputs
        request.deadline = Deadline(time: deadline)
        return request
    }

    /// Submits a request from outside every lane, so that it runs on an engine thread.
    @discardableResult
    func submit(_ request: consuming InferenceRequest, to sink: RecordingSink) -> CancellationHandle {
        scheduler.submit(request, to: sink)
    }

    /// A sink that makes requests run on engine threads.
    func pooledSink() -> RecordingSink {
        RecordingSink(lane: ImmediateLane(isCurrent: false))
    }

    /// Runs the default request often enough on engine threads for its shape to run inline from then on.
    func warmUp() async {
        for _ in 0..<InlinePolicy.neededScore {
            let sink = pooledSink()
            submit(request(), to: sink)
            _ = await sink.outcome()
        }
    }
}
