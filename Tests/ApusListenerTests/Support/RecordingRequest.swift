import ApusCore
import Synchronization

/// A running request that counts how often it was called back.
final class RecordingRequest: CancellableRequest {
    private let state = Mutex((cancelled: 0, expired: 0))

    var cancelCount: Int { state.withLock { $0.cancelled } }
    var expiryCount: Int { state.withLock { $0.expired } }

    func cancel() {
        state.withLock { $0.cancelled += 1 }
    }

    func expire() {
        state.withLock { $0.expired += 1 }
    }
}
