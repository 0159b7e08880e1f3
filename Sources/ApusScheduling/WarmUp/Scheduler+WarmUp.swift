package import ApusCore
internal import ApusEngine
internal import Synchronization

/// What is run before a version is live: see docs/decisions/0021-warm-up.md.
extension Scheduler {
    /// A sample that fails keeps the version from being served, in these words.
    private static func failure(of sample: WarmUpSample, _ reason: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "model_warmup '\(sample.name)' failed: \(reason)",
            field: "model_warmup",
            hint: "correct the sample in the model's config.pbtxt, or the model: a version that can't answer it isn't "
                + "served"
        )
    }

    /// The longest that one made-up request may take, in nanoseconds: made-up values may cost what no request did.
    private static let patience: Int64 = 10_000_000_000
    /// Runs of a made-up request, as many as measuring a shape takes and some for what the first ones cost.
    private static let shapeRuns = 8
    /// After so many nanoseconds a made-up request has run often enough.
    private static let enough: UInt64 = 20_000_000
    /// The most bytes of a made-up input.
    private static let maxBytes = 1 << 26

    /// The last kinds of requests that came.
    package var recentShapes: [CallShape] { state.withLock { $0.shapes.calls } }

    /// Runs requests on each of the model's sessions, on the calling thread, before others come.
    ///
    /// - Parameters:
    ///   - samples: What the configuration asks for.
    ///   - shapes: What the version's predecessor was asked; what fails of these doesn't matter.
    /// - Throws: Why a sample failed.
    package func warmUp(_ samples: [WarmUpSample], shapes: [CallShape]) throws(InferenceError) {
        guard !description.isDecoupled else { return }
        for instance in firstInstances {
            for sample in samples {
                for _ in 0..<sample.count { _ = try run(sample, on: instance) }
            }
            for shape in shapes { repeatMadeUp(shape, on: instance) }
        }
    }

    /// One instance of each session.
    private var firstInstances: [any ModelInstance] {
        state.withLock { state in
            var seen: Set<ObjectIdentifier> = []
            return zip(state.sessions, state.instances).compactMap { session, instance in
                seen.insert(ObjectIdentifier(session)).inserted ? instance : nil
            }
        }
    }

    /// Runs a request with zeros until its cost is known.
    private func repeatMadeUp(_ shape: CallShape, on instance: any ModelInstance) {
        var inputs: [NamedTensor] = []
        for input in shape.inputs {
            guard let zeros = Tensor.filled(input.dataType, input.shape, with: .zeros, byteLimit: Scheduler.maxBytes)
            else { return }
            inputs.append(NamedTensor(name: input.name, tensor: zeros))
        }
        let sample = WarmUpSample(name: "", inputs: inputs)
        let watch = TrialWatch(instance)
        watch.start(on: pool, until: time.now.advanced(byNanoseconds: Scheduler.patience))
        defer { watch.end() }
        var spent: UInt64 = 0
        for _ in 0..<Scheduler.shapeRuns where spent < Scheduler.enough {
            let clock = RunClock()
            guard let run = try? run(sample, on: instance) else { return }
            spent += run.nanoseconds
            let cost = clock.cost(wall: run.nanoseconds)
            state.withLock { state in
                state.inline.ranOnPool(shape: run.shape, cost: cost)
                state.threads.ran(nanoseconds: cost)
                // For the successor's warm-up, should nothing of this shape ever come to an engine thread.
                state.shapes.note(run.shape) { shape }
            }
        }
    }

    /// Runs a request once and throws its answer away.
    ///
    /// - Returns: The key of its shape and what the run took.
    private func run(
        _ sample: WarmUpSample,
        on instance: any ModelInstance
    ) throws(InferenceError) -> (shape: UInt64, nanoseconds: UInt64) {
        var call: ValidatedCall
        do throws(InferenceError) {
            call = try validation.validate(inputs: sample.inputs, outputs: [])
        } catch {
            throw Scheduler.failure(of: sample, error.message)
        }
        var charge: ByteCharge?
        if !padding.entries.isEmpty { call = pad(call, charge: &charge) }
        var timings = RequestTimings(received: time.now)
        let outcome = compute(call.inputs, outputs: call.outputs, on: instance, timings: &timings)
        if case .failure(let error) = outcome { throw Scheduler.failure(of: sample, error.message) }
        return (CallKeys(call).shape, timings.computeEnded.nanoseconds(since: timings.received))
    }
}
