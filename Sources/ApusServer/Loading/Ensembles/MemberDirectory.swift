internal import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import Synchronization

/// Where a loader finds the models that ensembles ask: the manager, which is made after its loader.
final class MemberDirectory: Sendable {
    private let connected = Mutex(MemberModels(manager: nil))

    /// Says where the models are, once.
    func connect(_ manager: ModelManager<LoadedModel>) {
        connected.withLock { $0 = MemberModels(manager: manager) }
    }

    /// The models, for an ensemble to keep.
    var models: MemberModels { connected.withLock { $0 } }
}

/// The models that ensembles ask.
///
/// Keeps nothing alive: the manager keeps the ensembles.
struct MemberModels: InferenceService {
    private weak let manager: ModelManager<LoadedModel>?

    init(manager: ModelManager<LoadedModel>?) {
        self.manager = manager
    }

    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        guard let manager else { throw InferenceError(.unavailable, "the server is shutting down") }
        return try ServedModels(manager: manager).lease(selector)
    }
}
