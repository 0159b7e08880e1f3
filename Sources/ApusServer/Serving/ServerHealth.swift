internal import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import Synchronization

/// Live as long as the process answers; ready when every model has come to live or failed and no drain has begun.
final class ServerHealth: Health {
    private let manager: ModelManager<LoadedModel>
    private let isStrict: Bool
    private let draining = Atomic<Bool>(false)

    init(manager: ModelManager<LoadedModel>, isStrict: Bool) {
        self.manager = manager
        self.isStrict = isStrict
    }

    var isLive: Bool { true }

    var isReady: Bool {
        !isDraining && manager.isSettled && !(isStrict && manager.hasFailures)
    }

    /// Whether a drain has begun.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// A drain has begun: not ready from now on.
    func beginDrain() {
        draining.store(true, ordering: .relaxed)
    }
}
