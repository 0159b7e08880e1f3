internal import ApusCore
internal import ApusProtocol
internal import GRPCCore
internal import Synchronization

/// What one ModelStreamInfer has under way: its requests, and the responses that wait to be written.
final class InferenceStream: Sendable {
    /// Requests in flight at once; the next message is read when one of them has ended.
    static let maxInFlight = 256
    /// Responses that wait to be written while a decoupled model may go on.
    static let window = 16

    private struct State {
        var order = StreamOrder<EncodedMessage>()
        var handles: [StreamOrder<EncodedMessage>.Slot: CancellationHandle] = [:]
        /// Written by nobody yet.
        var unwritten = 0
        /// Decoupled models that wait for the client.
        var resumes: [@Sendable () -> Void] = []
        var reader: CheckedContinuation<Void, Never>?
        /// Waits for a request with a deadline.
        var alarm: CheckedContinuation<Void, Never>?
        var hasInputEnded = false
        /// The error that ends the stream, where errors do.
        var failure: InferenceError?
        var isOver = false

        /// Nothing more can happen.
        var isDone: Bool { isOver || (hasInputEnded && order.inFlight == 0) }
    }

    typealias Slot = StreamOrder<EncodedMessage>.Slot

    private let state = Mutex(State())
    private let isErrorFatal: Bool
    private let budget: ByteBudget
    private let output: AsyncStream<EncodedMessage>.Continuation
    /// Where the answers of all its requests are taken.
    let lane = SerialLane()
    /// What is to be written, until the stream is over.
    let responses: AsyncStream<EncodedMessage>

    /// Starts a stream.
    ///
    /// - Parameters:
    ///   - isErrorFatal: Whether the first error ends the stream.
    ///   - budget: What encoded responses are charged to.
    init(isErrorFatal: Bool, budget: ByteBudget) {
        self.isErrorFatal = isErrorFatal
        self.budget = budget
        (self.responses, self.output) = AsyncStream.makeStream()
    }

    /// The error that has ended the stream.
    var failure: InferenceError? { state.withLock { $0.failure } }
    /// How many more responses may wait to be written; above 0 when nobody waits any more, so that no model does.
    var demand: Int { state.withLock { $0.isOver ? 1 : max(0, InferenceStream.window - $0.unwritten) } }

    // MARK: Requests

    /// A request has come.
    func begin(isOrdered: Bool) -> Slot {
        state.withLock { $0.order.requestArrived(isOrdered: isOrdered) }
    }

    /// Waits until the next message may be read.
    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                guard state.order.inFlight >= InferenceStream.maxInFlight, !state.isOver else { return true }
                state.reader = continuation
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    /// A request has been submitted.
    func submitted(_ slot: Slot, _ handle: CancellationHandle) {
        guard !handle.isFinished else { return }
        let (isOver, alarm) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isOver else { return (true, nil) }
            state.handles[slot] = handle
            guard handle.deadline.time != nil else { return (false, nil) }
            defer { state.alarm = nil }
            return (false, state.alarm)
        }
        alarm?.resume()
        if isOver { handle.cancel() }
    }

    /// Waits until a request has a deadline.
    ///
    /// - Returns: `false` when none will have.
    func waitForDeadline() async -> Bool {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard !state.isDone, !state.handles.values.contains(where: { $0.deadline.time != nil }) else {
                    return true
                }
                state.alarm = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
        return state.withLock { !$0.isDone }
    }

    /// Tells requests whose time is over so, and says when the next one's is.
    func expire(at now: MonotonicTime) -> MonotonicTime? {
        let (due, next) = state.withLock { state in
            var due: [CancellationHandle] = []
            var next: MonotonicTime?
            for (slot, handle) in state.handles {
                guard let time = handle.deadline.time else { continue }
                if time <= now {
                    due.append(handle)
                    state.handles[slot] = nil
                } else {
                    next = min(next ?? time, time)
                }
            }
            return (due, next)
        }
        for handle in due { handle.expire() }
        return next
    }

    // MARK: Responses

    /// A response to a request is there.
    func respond(_ slot: Slot, _ message: EncodedMessage) {
        state.withLock { state in
            for ready in state.order.answered(slot, with: message) where !state.isOver {
                state.unwritten += 1
                output.yield(ready)
            }
        }
    }

    /// A request has failed.
    func fail(_ slot: Slot, _ error: InferenceError, id: String) {
        guard !isErrorFatal else { return end(error) }
        let failure = V2MessageFailure(error, id: id)
        // Without room in the budget even for the words, the end of the stream is all that is left.
        do throws(InferenceError) {
            let message = try EncodedMessage(byteCount: failure.byteCount, budget: budget) { span in
                failure.write(into: &span)
            }
            respond(slot, message)
        } catch {
            end(error)
        }
    }

    /// Nothing more comes of a request.
    func ended(_ slot: Slot) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>?] in
            state.handles[slot] = nil
            state.order.ended()
            defer { state.reader = nil }
            return [state.reader, finishIfDone(&state)]
        }
        for continuation in waiting { continuation?.resume() }
    }

    /// A response has been handed to the transport: models that waited may go on.
    func wrote() {
        let resumes = state.withLock { state -> [@Sendable () -> Void] in
            state.unwritten -= 1
            guard state.unwritten < InferenceStream.window else { return [] }
            defer { state.resumes = [] }
            return state.resumes
        }
        for resume in resumes { lane.perform(resume) }
    }

    /// Has `resume` called once when there is demand again.
    func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            guard state.unwritten >= InferenceStream.window, !state.isOver else { return true }
            state.resumes.append(resume)
            return false
        }
        if isOver { lane.perform(resume) }
    }

    // MARK: Ends

    /// The client has ended its side: the stream is over when its last request is.
    func inputEnded() {
        let alarm = state.withLock { state in
            state.hasInputEnded = true
            return finishIfDone(&state)
        }
        alarm?.resume()
    }

    /// The stream is over now, since the client has gone or an error ends it: what is under way is called off.
    func end(_ failure: InferenceError?) {
        let (handles, resumes, waiting) = state.withLock { state in
            state.isOver = true
            if state.failure == nil { state.failure = failure }
            defer { (state.handles, state.resumes, state.reader, state.alarm) = ([:], [], nil, nil) }
            return (state.handles, state.resumes, [state.reader, state.alarm])
        }
        output.finish()
        for continuation in waiting { continuation?.resume() }
        for handle in handles.values { handle.cancel() }
        for resume in resumes { lane.perform(resume) }
    }

    /// Ends the output behind the last response; gives back who waits for deadlines in vain.
    private func finishIfDone(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        guard state.isDone else { return nil }
        output.finish()
        defer { state.alarm = nil }
        return state.alarm
    }
}
