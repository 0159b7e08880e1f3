import ApusCore
import Synchronization
import Testing

@testable import ApusGRPC

struct InferenceStreamTests {
    private func message() throws -> EncodedMessage {
        try EncodedMessage(byteCount: 1, budget: ByteBudget(limit: .max)) { $0.append(7) }
    }

    @Test func `demand falls as responses wait to be written, and comes back`() throws {
        let stream = InferenceStream(isErrorFatal: false, budget: ByteBudget(limit: .max))
        let slot = stream.begin(isOrdered: false)
        for _ in 0..<InferenceStream.window { stream.respond(slot, try message()) }
        #expect(stream.demand == 0)
        let resumed = Mutex(0)
        stream.whenDemanded { resumed.withLock { $0 += 1 } }
        #expect(resumed.withLock { $0 } == 0)
        stream.wrote()
        #expect(stream.demand == 1 && resumed.withLock { $0 } == 1)
        stream.wrote()
        #expect(resumed.withLock { $0 } == 1)
    }

    @Test func `a model that waits for a client that has gone goes on, and doesn't wait again`() throws {
        let stream = InferenceStream(isErrorFatal: false, budget: ByteBudget(limit: .max))
        let slot = stream.begin(isOrdered: false)
        for _ in 0..<InferenceStream.window { stream.respond(slot, try message()) }
        let resumed = Mutex(0)
        stream.whenDemanded { resumed.withLock { $0 += 1 } }
        stream.end(nil)
        #expect(resumed.withLock { $0 } == 1)
        #expect(stream.demand > 0)
    }
}
