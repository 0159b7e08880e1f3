import ApusCore
import ApusProtocol
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusHTTP
@testable import ApusListener

/// What an inference holds that waits for another thread to decode its body.
struct LongInferenceTests {
    /// Stands for a body.
    private final class Body: Sendable {}

    private let model = FakeModel("m")
    private let connection = DeafConnection()
    private let work = ManualWork()

    /// Hands in a request whose decoding holds a body.
    private func start(_ body: Body) throws {
        let service = FakeInferenceService([model])
        let configuration = HTTPEdgeConfiguration(
            models: (service, service, service),
            health: FakeHealth(),
            gate: FakeGate.open,
            observer: RecordingObserver(),
            time: ManualTime(),
            limits: InputLimits()
        )
        let codec = GenerateCodec(isStream: false, limits: InputLimits())
        let operation = AdmittedOperation(operation: .generate, model: "m")
        let loop = LoopServices(eventLoop: EmbeddedEventLoop(), time: ManualTime())
        let exchange = HTTPExchange(connection: connection, number: 0, received: loop.time.now, loop: loop)
        let content = LongInference<GenerateCodec>.Content(
            lease: model.lease(),
            memory: RequestMemory(allocator: model.allocator, budget: nil),
            decoding: LongDecoding { [body] (_: inout RequestMemory) throws(InferenceError) in
                _ = body
                throw InferenceError(.invalidArgument, "read")
            }
        )
        let arrival = InferenceArrival(
            operation: operation,
            selector: try operation.selector(),
            deadline: .none,
            coding: .identity,
            hasTiming: false,
            bytesIn: 1,
            exchange: exchange
        )
        LongInference(
            route: InferRoute(codec: codec, services: EdgeServices(configuration)),
            arrival: arrival,
            content: content
        )
        .start(by: work)
    }

    @Test(arguments: [false, true])
    func `one that is over lets go of its body before its turn comes`(isExpired: Bool) throws {
        weak var kept: Body?
        do {
            let body = Body()
            kept = body
            try start(body)
        }
        #expect(kept != nil)
        #expect(model.leases == 1)
        if isExpired { connection.cancellation.expire() } else { connection.cancellation.cancel() }
        #expect(kept == nil)
        #expect(model.leases == 0)
        #expect(work.count == 1)
        work.run()
        #expect(model.asked.isEmpty)
    }
}
