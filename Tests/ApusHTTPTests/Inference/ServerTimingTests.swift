import ApusCore
import Testing

@testable import ApusHTTP

struct ServerTimingTests {
    private func timings() -> RequestTimings {
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 1000))
        timings.queued = timings.received.advanced(byNanoseconds: 1)
        timings.gatheringStarted = timings.queued.advanced(byNanoseconds: 20)
        timings.computeStarted = timings.gatheringStarted.advanced(byNanoseconds: 300)
        timings.inputReady = timings.computeStarted.advanced(byNanoseconds: 4000)
        timings.inferEnded = timings.inputReady.advanced(byNanoseconds: 12_345_678_000)
        timings.computeEnded = timings.inferEnded.advanced(byNanoseconds: 600_000)
        timings.batchSize = 32
        return timings
    }

    @Test func `phases are milliseconds, in their order`() throws {
        let version = try #require(ModelVersion(7))
        #expect(
            ServerTiming.value(of: timings(), version: version)
                == "decode;dur=0.000001, queue;dur=0.000020, batch;dur=0.000300, input;dur=0.004000, "
                + "compute;dur=12345.678000, output;dur=0.600000, total;dur=12346.282321, "
                + #"batch_size;desc="32", version;desc="7""#
        )
    }

    @Test func `an answer without a run of its own says where it came from`() {
        var timings = timings()
        timings.batchSize = 0
        timings.origin = .cache
        #expect(ServerTiming.value(of: timings, version: .first).contains(#", cache;desc="hit", version;desc="1""#))
        timings.origin = .sharedRun
        #expect(ServerTiming.value(of: timings, version: .first).contains(#", cache;desc="shared run", version"#))
    }
}
