internal import ApusCore
internal import ApusTelemetry
internal import Synchronization

/// Counts answers by status and writes the access log.
final class AnswerObserver: RequestObserver {
    /// Statuses are three digits; anything else counts as the last place.
    ///
    /// In line, since an array of counters would cost two reference counts, shared by all event loops, for each answer.
    private let counts: InlineArray<600, Atomic<UInt64>>
    private let accessLog: AccessLog

    init(accessLog: AccessLog) {
        self.accessLog = accessLog
        self.counts = InlineArray { _ in Atomic(0) }
    }

    /// Answers sent since the start, by status; 499 for those whose client had gone.
    var responses: [Int: UInt64] {
        var all: [Int: UInt64] = [:]
        for status in counts.indices {
            let count = counts[status].load(ordering: .relaxed)
            if count > 0 { all[status] = count }
        }
        return all
    }

    func answered(status: Int) {
        counts[min(max(status, 0), counts.count - 1)].add(1, ordering: .relaxed)
    }

    func wantsRecord(ofFailure isFailure: Bool) -> Bool {
        accessLog.isInterested(inFailure: isFailure)
    }

    func requestEnded(_ record: AccessRecord) {
        accessLog.record(record)
    }
}
