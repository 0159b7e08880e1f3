package import ApusCore
internal import ApusEngine
internal import Synchronization

/// What is run before a version is live: see docs/decisions/0021-warm-up.md.
extension Scheduler {
    /// How long the samples of a configuration may take together, in nanoseconds; then no more of them are begun, and the
    /// one that runs is ended.
    private static let samplesTime: Int64 = 60_000_000_000
    /// How long the runs of a made-up request may take, in nanoseconds: made-up values may cost what no request did.
    private static let shapeTime: Int64 = 10_000_000_000
    /// Runs of a made-up request, as many as measuring a shape takes and some for what the first ones cost.
    private static let shapeRuns = 8
    /// After so many nanoseconds a made-up request has run often enough.
    private static let enough: UInt64 = 20_000_000
    /// The most bytes of a made-up input.
    private static let maxBytes = 1 << 26

    package var traffic: TrafficHistory {
        let now = time.now
        return state.withLock { TrafficHistory(shapes: $0.shapes.calls, load: $0.load.heir(now: now)) }
    }

    /// Runs requests on each of the model's sessions before others come: on the calling thread, or where the model runs on a
    /// device on that device's thread.
    ///
    /// - Parameters:
    ///   - samples: What the configuration asks for.
    ///   - traffic: What the version's predecessor was asked, of which it doesn't matter what fails, and its load, with which
    ///     this one goes on.
    /// - Throws: Why a sample failed, or that an instance was lost for good.
    package func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError) {
        guard !description.isDecoupled else { return }
        for index in firstInstances {
            let work = { @Sendable [self] in
                Result { () throws(InferenceError) in
                    try run(samples, on: index)
                    // What zeros cost says nothing of a model whose costs depend on values.
                    if !hasDataDependentCost { try runMadeUp(traffic.shapes, on: index) }
                }
            }
            try (pools[index] === pool ? work() : pools[index].carryOut(work)).get()
        }
        guard var load = traffic.load else { return }
        load.takeOver(now: time.now)
        let known = load
        state.withLock { $0.load = known }
    }

    /// An instance of each session.
    private var firstInstances: [Int] {
        state.withLock { state in
            var seen: Set<ObjectIdentifier> = []
            return state.sessions.indices.filter { seen.insert(ObjectIdentifier(state.sessions[$0])).inserted }
        }
    }

    /// Runs what the configuration asks for.
    private func run(_ samples: [WarmUpSample], on index: Int) throws(InferenceError) {
        guard let instance = instance(index), !samples.isEmpty else { return }
        let end = time.now.advanced(byNanoseconds: Scheduler.samplesTime)
        let watch = TrialWatch(instance)
        watch.start(on: pool, until: end)
        defer { watch.end() }
        for sample in samples {
            for _ in 0..<sample.count where time.now < end {
                do throws(WarmUpFailure) {
                    _ = try run(sample.inputs, on: instance)
                } catch {
                    throw InferenceError(
                        .invalidArgument,
                        "model_warmup '\(sample.name)' failed: \(error.message)",
                        field: "model_warmup",
                        hint:
                            "correct the sample in the model's config.pbtxt, or the model: a version that can't answer it "
                            + "isn't served"
                    )
                }
            }
        }
    }

    /// Runs requests with zeros until their costs are known.
    private func runMadeUp(_ shapes: [CallShape], on index: Int) throws(InferenceError) {
        for shape in shapes {
            guard let instance = instance(index), let inputs = shape.zeros(byteLimit: Scheduler.maxBytes) else {
                return
            }
            let watch = TrialWatch(instance)
            watch.start(on: pool, until: time.now.advanced(byNanoseconds: Scheduler.shapeTime))
            defer { watch.end() }
            var spent: UInt64 = 0
            do throws(WarmUpFailure) {
                for _ in 0..<Scheduler.shapeRuns where spent < Scheduler.enough {
                    let clock = RunClock()
                    let run = try run(inputs, on: instance)
                    spent += run.nanoseconds
                    let cost = clock.cost(wall: run.nanoseconds)
                    state.withLock { state in
                        state.inline.ranOnPool(shape: run.shape, cost: cost)
                        state.threads.ran(nanoseconds: run.nanoseconds)
                        // For the successor's warm-up, should nothing of this shape ever come to an engine thread.
                        state.shapes.note(run.shape, shape)
                    }
                }
            } catch {
                guard case .engine(let error) = error, error.code == .instanceLost else { continue }
                return try replaceInstance(index)
            }
        }
    }

    private func instance(_ index: Int) -> (any ModelInstance)? {
        state.withLock { $0.instances.indices.contains(index) ? $0.instances[index] : nil }
    }

    /// Makes an instance anew that a made-up request has ended.
    private func replaceInstance(_ index: Int) throws(InferenceError) {
        guard let session = state.withLock({ $0.sessions.indices.contains(index) ? $0.sessions[index] : nil })
        else { return }
        do throws(EngineError) {
            let instance = try session.makeInstance()
            state.withLock { state in
                if state.instances.indices.contains(index) { state.instances[index] = instance }
            }
        } catch {
            throw InferenceError(.engineFailure, "an instance ended while it was warmed up: \(error.message)")
        }
    }

    /// Runs a request once and throws its answer away.
    ///
    /// - Returns: The key of its shape and what the run took.
    private func run(
        _ inputs: [NamedTensor],
        on instance: any ModelInstance
    ) throws(WarmUpFailure) -> (shape: UInt64, nanoseconds: UInt64) {
        var call: ValidatedCall
        do throws(InferenceError) {
            call = try validation.validate(inputs: inputs, outputs: [])
        } catch {
            throw .request(error)
        }
        var charge: ByteCharge?
        if !padding.entries.isEmpty { call = pad(call, charge: &charge) }
        let began = time.now
        var timings = RequestTimings(received: began)
        let outcome = compute(call.inputs, outputs: call.outputs, on: instance, timings: &timings)
        if case .failure(let error) = outcome { throw .engine(error) }
        return (CallKeys(call).shape, timings.computeEnded.nanoseconds(since: began))
    }
}

/// Why a request couldn't be run for a warm-up.
private enum WarmUpFailure: Error {
    /// It doesn't fit the model.
    case request(InferenceError)
    /// The engine reported it.
    case engine(EngineError)

    var message: String {
        switch self {
        case .request(let error): error.message
        case .engine(let error): error.message
        }
    }
}
