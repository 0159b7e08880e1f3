import ApusCore
import Synchronization

/// Notes what it was given, in order.
final class RecordingSink: AnswerSink {
    private let notes = Mutex<[String]>([])
    let lane: any CompletionLane = ImmediateLane()
    let demand = 1

    var events: [String] { notes.withLock { $0 } }

    func receive(_ answer: consuming InferenceAnswer) {
        let id = answer.id
        notes.withLock { $0.append("answer \(id)") }
    }

    func finish(_ end: AnswerEnd) {
        switch end {
        case .success: notes.withLock { $0.append("success") }
        case .failure(let error): notes.withLock { $0.append("failure \(error.code.label)") }
        }
    }
}

/// Carries completions out at once.
final class ImmediateLane: CompletionLane {
    let isCurrent = true

    func deliver(_ deliveries: [any Delivery]) {
        for delivery in deliveries { delivery.carryOut() }
    }
}
