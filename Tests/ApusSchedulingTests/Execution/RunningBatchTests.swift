import ApusTesting
import Testing

@testable import ApusScheduling

struct RunningBatchTests {
    private let session = FakeSession(signature: Model.pair)

    @Test func `a run that nobody wants is terminated, once the last has left`() throws {
        let batch = RunningBatch(try session.makeInstance())
        batch.join()
        batch.join()
        #expect(batch.gathered())
        batch.leave()
        #expect(session.terminations.isEmpty)
        batch.leave()
        #expect(session.terminations == [0])
    }

    @Test func `a run that everybody left before it began isn't made`() throws {
        let batch = RunningBatch(try session.makeInstance())
        batch.join()
        batch.leave()
        #expect(!batch.gathered())
        #expect(session.terminations.isEmpty)
    }

    @Test func `who leaves after the end terminates nothing`() throws {
        let batch = RunningBatch(try session.makeInstance())
        batch.join()
        #expect(batch.gathered())
        batch.end()
        batch.leave()
        #expect(session.terminations.isEmpty)
    }
}
