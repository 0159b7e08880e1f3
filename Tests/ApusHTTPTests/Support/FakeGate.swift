import ApusCore
import Synchronization

/// Decides as a test says and notes what it was asked.
final class FakeGate: Gate {
    /// What was asked.
    struct Question: Equatable {
        var operation: Operation
        var model: String?
        var authorization: String
    }

    private let verdict: @Sendable (Operation, ModelName?, Credentials) -> GateVerdict
    private let state = Mutex<[Question]>([])

    init(_ verdict: @escaping @Sendable (Operation, ModelName?, Credentials) -> GateVerdict) {
        self.verdict = verdict
    }

    var questions: [Question] { state.withLock { $0 } }

    func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict {
        let question = Question(
            operation: operation,
            model: model?.description,
            authorization: credentials.authorization
        )
        state.withLock { $0.append(question) }
        return verdict(operation, model, credentials)
    }

    /// Lets everybody in, as the one that the credentials name.
    static var open: FakeGate {
        FakeGate { _, _, credentials in .allow(Caller(key: credentials.authorization)) }
    }

    /// Lets nobody in.
    static var closed: FakeGate {
        FakeGate { operation, _, _ in .deny(InferenceError(.permissionDenied, "no \(operation.rawValue)")) }
    }
}

/// Says whether the server is well, as a test has it.
struct FakeHealth: Health {
    var isLive = true
    var isReady = true
}

/// Notes how requests ended.
final class RecordingObserver: RequestObserver {
    private struct State {
        var statuses: [Int] = []
        var records: [AccessRecord] = []
    }

    private let state = Mutex(State())

    var statuses: [Int] { state.withLock { $0.statuses } }
    var records: [AccessRecord] { state.withLock { $0.records } }

    func answered(status: Int) { state.withLock { $0.statuses.append(status) } }
    func wantsRecord(ofFailure isFailure: Bool) -> Bool { true }
    func requestEnded(_ record: AccessRecord) { state.withLock { $0.records.append(record) } }
}
