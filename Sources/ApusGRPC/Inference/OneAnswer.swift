internal import ApusCore
internal import GRPCCore
internal import Synchronization

/// Waits in a task for the one answer to a request.
final class OneAnswer<Value: Sendable>: AnswerSink {
    private struct State {
        var outcome: Result<Value, InferenceError>?
        var isOver = false
        var waiter: CheckedContinuation<Result<Value, InferenceError>, Never>?
        var handle = CancellationHandle.finished
    }

    private let state = Mutex(State())
    private let serialLane = SerialLane()
    private let convert: @Sendable (borrowing InferenceAnswer) throws(InferenceError) -> Value

    /// Takes what makes a value of the answer while its lease holds.
    init(_ convert: @escaping @Sendable (borrowing InferenceAnswer) throws(InferenceError) -> Value) {
        self.convert = convert
    }

    var lane: any CompletionLane { serialLane }
    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        let outcome: Result<Value, InferenceError>
        do throws(InferenceError) {
            outcome = .success(try convert(answer))
        } catch {
            outcome = .failure(error)
        }
        state.withLock { $0.outcome = $0.outcome ?? outcome }
    }

    func finish(_ end: AnswerEnd) {
        let (waiter, outcome) = state.withLock { state in
            if case .failure(let error) = end, state.outcome == nil { state.outcome = .failure(error) }
            state.isOver = true
            defer { state.waiter = nil }
            return (state.waiter, state.outcome)
        }
        waiter?.resume(returning: outcome ?? OneAnswer.nothing)
    }

    private static var nothing: Result<Value, InferenceError> {
        .failure(InferenceError(.internalFailure, "the model ended without an answer"))
    }

    /// Submits a request and waits for what comes of it; called once.
    ///
    /// The client's going away and the deadlines are passed on to the scheduler, which then ends the request.
    func ask(
        _ request: consuming InferenceRequest,
        of service: any InferenceService,
        call: RPCCall,
        time: any TimeSource
    ) async throws(InferenceError) -> Value {
        let box = HandOver<InferenceRequest>(request)
        // Nothing else runs on the lane yet, so this is done when it returns.
        serialLane.perform { [self] in
            guard let request = box.take() else { return }
            let handle = service.submit(request, to: self)
            state.withLock { $0.handle = handle }
        }
        let submitted = state.withLock { $0.handle }
        let outcome = await withTaskGroup(of: Void.self) { group in
            if let deadline = submitted.deadline.time {
                group.addTask {
                    let wait = Int64(clamping: deadline.nanoseconds(since: time.now))
                    guard (try? await Task.sleep(for: .nanoseconds(wait))) != nil else { return }
                    submitted.expire()
                }
            }
            let outcome = await withTaskCancellationHandler {
                await withRPCCancellationHandler {
                    await self.outcome()
                } onCancelRPC: {
                    // gRPC's own timer cancels the call at the deadline: then the request hasn't been called off.
                    call.deadline.hasPassed(at: time.now) ? submitted.expire() : submitted.cancel()
                }
            } onCancel: {
                submitted.cancel()
            }
            group.cancelAll()
            return outcome
        }
        do throws(InferenceError) {
            return try outcome.get()
        } catch {
            // The scheduler has one word for a deadline and a queue policy; a client's own deadline has gRPC's.
            guard error.code == .unavailable, call.deadline.hasPassed(at: time.now) else { throw error }
            throw InferenceError(.deadlineExceeded, "Deadline Exceeded", cause: error)
        }
    }

    private func outcome() async -> Result<Value, InferenceError> {
        await withCheckedContinuation { continuation in
            let outcome: Result<Value, InferenceError>? = state.withLock { state in
                if state.isOver { return state.outcome ?? OneAnswer.nothing }
                state.waiter = continuation
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
