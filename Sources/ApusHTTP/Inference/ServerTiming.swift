internal import ApusCore

/// Writes a request's phases as the value of `Server-Timing` (https://www.w3.org/TR/server-timing/), for clients that
/// ask with `Apus-Timing: 1`.
enum ServerTiming {
    /// The field's name.
    static let name = "Server-Timing"

    /// Phases with their durations in milliseconds, in their order, then what the run was.
    ///
    /// `decode`, `queue` (until an instance was free), `batch` (from then on, for company), `input`, `compute`, `output`;
    /// `total` is their sum. A request that was answered out of the response cache says so under `cache`, and has no
    /// batch size.
    static func value(of timings: RequestTimings, version: ModelVersion) -> String {
        let stations: [(name: String, from: MonotonicTime, to: MonotonicTime)] = [
            ("decode", timings.received, timings.queued),
            ("queue", timings.queued, timings.gatheringStarted),
            ("batch", timings.gatheringStarted, timings.computeStarted),
            ("input", timings.computeStarted, timings.inputReady),
            ("compute", timings.inputReady, timings.inferEnded),
            ("output", timings.inferEnded, timings.computeEnded),
            ("total", timings.received, timings.computeEnded),
        ]
        var text = ""
        for (name, from, to) in stations { text += "\(name);dur=\(milliseconds(to.nanoseconds(since: from))), " }
        switch timings.origin {
        case .run: break
        case .cache: text += "cache;desc=\"hit\", "
        case .sharedRun: text += "cache;desc=\"shared run\", "
        }
        if timings.batchSize > 0 { text += "batch_size;desc=\"\(timings.batchSize)\", " }
        return text + "version;desc=\"\(version)\""
    }

    /// Milliseconds with all the digits that nanoseconds have.
    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds % 1_000_000)
        return "\(nanoseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
