import ApusCore
import Testing

struct LatencyHistogramTests {
    @Test func `bounds rise, and each belongs to its own bucket`() {
        let bounds = LatencyHistogram.upperBounds
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        for (index, bound) in bounds.enumerated() {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: bound)
            histogram.record(nanoseconds: bound + 1)
            #expect(histogram.counts[index] == 1)
            #expect(histogram.counts[index + 1] == 1)
            #expect(histogram.counts.reduce(0, +) == 2)
            #expect(histogram.nanoseconds == 2 * bound + 1)
        }
    }

    @Test func `zero and the end of time have a bucket`() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 0)
        histogram.record(nanoseconds: .max)
        #expect(histogram.counts.first == 1)
        #expect(histogram.counts.last == 1)
        // The sum goes round rather than end the process.
        histogram.record(nanoseconds: 2)
        #expect(histogram.nanoseconds == 1)
    }
}
