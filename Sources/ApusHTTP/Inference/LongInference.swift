internal import ApusCore
internal import ApusListener
internal import NIOCore
internal import Synchronization

/// The decoding of a body that is too much for the event loop; done once, on any thread.
struct LongDecoding<Form: AnswerForm>: Sendable {
    /// Reads the body into memory of the model.
    let run: @Sendable (inout RequestMemory) throws(InferenceError) -> InferenceQuestion<Form>
}

/// An inference whose body is decoded on another thread; once that is done the model's scheduler calls it back.
///
/// A client that goes and a deadline that passes end it at once. A decoding that has begun still comes to its end, which
/// is near: there are limits on what is decoded.
final class LongInference<Codec: InferenceCodec>: CancellableRequest {
    /// What decoding needs, and keeps until the request is submitted; a request that is over lets go of it, body
    /// included, though its turn is still to come.
    struct Content: ~Copyable, Sendable {
        let lease: Lease
        var memory: RequestMemory
        /// Holds the body.
        let decoding: LongDecoding<Codec.Form>
    }

    private let route: NIOLoopBound<InferRoute<Codec>>
    private let arrival: InferenceArrival
    /// Empty while it is decoded, and from then on.
    private let content: HandOver<Content>
    /// Whether it has been submitted or answered; changed on the event loop only.
    private let isOver = Atomic<Bool>(false)

    /// Prepares a request; on the event loop.
    init(
        route: InferRoute<Codec>,
        arrival: InferenceArrival,
        content: consuming sending Content
    ) {
        self.route = NIOLoopBound(route, eventLoop: arrival.exchange.loop.eventLoop)
        self.arrival = arrival
        self.content = HandOver(content)
    }

    /// Has it decoded; on the event loop.
    func start(by work: any WorkQueue) {
        arrival.exchange.cancel(with: CancellationHandle(self, deadline: arrival.deadline))
        guard work.submit({ [self] in decode() }) || isOver.load(ordering: .relaxed) else {
            return end(with: LongInference.full)
        }
    }

    func cancel() {
        guard becomeOver() else { return }
        route.value.dropped(arrival)
    }

    func expire() {
        end(with: LongInference.expired)
    }

    /// On another thread.
    private func decode() {
        guard !isOver.load(ordering: .relaxed), var content = content.take() else { return }
        let outcome: Result<InferenceQuestion<Codec.Form>, InferenceError>
        do throws(InferenceError) {
            outcome = .success(try content.decoding.run(&content.memory))
        } catch {
            outcome = .failure(error)
        }
        let decoded = HandOver(content)
        arrival.exchange.loop.eventLoop.execute { [self] in finish(outcome, decoded) }
    }

    private func finish(
        _ outcome: Result<InferenceQuestion<Codec.Form>, InferenceError>,
        _ decoded: HandOver<Content>
    ) {
        switch outcome {
        case .success(let question):
            guard becomeOver(), var content = decoded.take() else { return }
            let charge = content.memory.takeCharge()
            route.value.submit(question, lease: content.lease, charge: charge, arrival: arrival)
        case .failure(let error):
            end(with: error)
        }
    }

    private func end(with error: InferenceError) {
        guard becomeOver() else { return }
        route.value.refuse(error, arrival: arrival)
    }

    /// Marks it as over and lets go of what waits; `false` when it was over already.
    private func becomeOver() -> Bool {
        guard !isOver.exchange(true, ordering: .relaxed) else { return false }
        _ = content.take()
        return true
    }

    private static var full: InferenceError {
        InferenceError(
            .unavailable,
            "as many bodies wait to be decoded as may",
            hint: "send it to another server, or later"
        )
    }

    private static var expired: InferenceError {
        InferenceError(
            .unavailable,
            "Request timeout expired",
            field: "timeout",
            hint: "the request's deadline passed before its body was decoded"
        )
    }
}
