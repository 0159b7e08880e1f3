internal import ApusCore
internal import ApusTelemetry
internal import Synchronization

/// Counts answers by status and writes the access log.
final class AnswerObserver: RequestObserver {
    /// Statuses are three digits; anything else counts as the last place.
    private let counts: [Counter]
    private let accessLog: AccessLog

    /// An atomic counter that an array can hold.
    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
    }

    init(accessLog: AccessLog) {
        self.accessLog = accessLog
        self.counts = (0..<600).map { _ in Counter() }
    }

    /// Answers sent since the start, by status.
    var responses: [Int: UInt64] {
        var all: [Int: UInt64] = [:]
        for (status, counter) in counts.enumerated() {
            let count = counter.value.load(ordering: .relaxed)
            if count > 0 { all[status] = count }
        }
        return all
    }

    /// Answers sent since the start.
    var total: UInt64 {
        counts.reduce(0) { $0 &+ $1.value.load(ordering: .relaxed) }
    }

    func answered(status: Int) {
        counts[min(max(status, 0), counts.count - 1)].value.add(1, ordering: .relaxed)
    }

    func wantsRecord(ofFailure isFailure: Bool) -> Bool {
        accessLog.isInterested(inFailure: isFailure)
    }

    func requestEnded(_ record: AccessRecord) {
        accessLog.record(record)
    }
}
