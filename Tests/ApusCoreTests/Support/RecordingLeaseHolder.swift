import ApusCore
import Synchronization

/// Counts the leases that ended.
final class RecordingLeaseHolder: LeaseHolder {
    private let ended = Atomic<Int>(0)
    private let copied = Atomic<Int>(0)

    var endedCount: Int { ended.load(ordering: .relaxed) }

    var copiedCount: Int { copied.load(ordering: .relaxed) }

    func leaseCopied() {
        copied.add(1, ordering: .relaxed)
    }

    func leaseEnded() {
        ended.add(1, ordering: .relaxed)
    }

    /// A lease that this holder counts.
    func lease() -> Lease {
        Lease(model: FakeServedModel(), holder: self)
    }
}

/// A version that takes requests and forgets them.
final class FakeServedModel: ServedModel {
    let description = ModelDescription(
        id: ModelID(name: ModelName("fake")!, version: .first),
        platform: "test",
        inputs: [],
        outputs: []
    )
    let allocator: any TensorAllocator = HeapTensorAllocator()

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        .finished
    }
}
