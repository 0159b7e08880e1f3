package import ApusCore

/// Looks at a source of models, one at a time; those that are asked for while one is under way become one more.
///
/// A look that has begun doesn't serve a new caller, since it may have passed what that caller has just changed. The next
/// one doesn't wait until what the one before found is loaded: a version that takes an hour to fetch holds up no other.
package struct UpdateStateMachine: Sendable {
    /// How many reports are kept.
    package static let maxReports = 64

    private var reports: [SourceUpdateReport] = []
    private var count = 0
    /// The look that is under way.
    package private(set) var running: Int?
    private var waiting: Int?
    /// Looks whose findings are being loaded, ascending.
    private var loading: [Int] = []

    /// Starts with nothing asked for.
    package init() {}

    /// What asking for a look led to.
    package enum OnRequest: Sendable, Equatable {
        /// This one begins now.
        case begin(Int)
        /// This one waits; whoever asked before is served by it too.
        case wait(Int)
    }

    /// Somebody wants the source looked at.
    package mutating func requested() -> OnRequest {
        if let waiting { return .wait(waiting) }
        count += 1
        guard running != nil else {
            running = count
            note(count, .running)
            return .begin(count)
        }
        waiting = count
        note(count, .waiting)
        return .wait(count)
    }

    /// A look is over; what it found is being loaded.
    ///
    /// - Parameters:
    ///   - number: Which one.
    ///   - failure: Why the source couldn't be looked at; `nil` when it could.
    /// - Returns: The next one, to begin now; `nil` when nobody waits.
    package mutating func looked(_ number: Int, failure: String?) -> Int? {
        guard running == number else { return nil }
        if let failure { note(number, .failed, reason: failure) } else { loading.append(number) }
        running = waiting
        waiting = nil
        if let running { note(running, .running) }
        return running
    }

    /// All that looks up to this one found is live, or has failed.
    ///
    /// - Parameters:
    ///   - number: Which one.
    ///   - failures: What has failed.
    package mutating func loaded(upTo number: Int, failures: [SourceUpdateReport.Failure] = []) {
        for done in loading where done <= number { note(done, .done, failures: failures) }
        loading.removeAll { $0 <= number }
    }

    /// How far a look is; the newest when `number` is `nil`.
    package func report(of number: Int?) -> SourceUpdateReport? {
        guard let number else { return reports.last }
        return reports.first { $0.number == number }
    }

    private mutating func note(
        _ number: Int,
        _ state: SourceUpdateReport.State,
        reason: String = "",
        failures: [SourceUpdateReport.Failure] = []
    ) {
        let report = SourceUpdateReport(number: number, state: state, reason: reason, failures: failures)
        if let index = reports.firstIndex(where: { $0.number == number }) {
            reports[index] = report
        } else {
            reports.append(report)
            if reports.count > Self.maxReports { reports.removeFirst() }
        }
    }
}
