package import ApusCore
package import ApusEngine
internal import Dispatch
internal import Synchronization

/// What every engine must do, as checks that its tests call.
///
/// The checks load a model that the engine's tests bring along: one that answers quickly, gives the same bytes for the
/// same inputs, and has an input that is not optional. They throw instead of recording issues, so that any test library
/// can use them. Termination needs a model that runs long and is a check of its own.
package struct EngineConformance: Sendable {
    /// A model and a call that it answers.
    package struct Model: Sendable {
        /// Where it is.
        package let source: ModelSource
        /// How it is opened.
        package let options: SessionOptions
        /// One place for each of its inputs.
        package let inputs: [Tensor?]

        /// Describes a model.
        package init(source: ModelSource, options: SessionOptions, inputs: [Tensor?]) {
            self.source = source
            self.options = options
            self.inputs = inputs
        }
    }

    let engine: any Engine
    let model: Model

    /// Prepares the checks of an engine.
    package init(of engine: any Engine, with model: Model) {
        self.engine = engine
        self.model = model
    }

    /// Runs all checks but the one of termination.
    ///
    /// - Throws: The first requirement that isn't met.
    package func checkAll() throws(ConformanceFailure) {
        try checkInformation()
        try checkMissingFile()
        try checkAllocator()
        try checkOutputs()
        try checkTimings()
        try checkUnfitCalls()
        try checkParallelInstances()
        try checkEarlyTermination()
    }

    /// It has a name of its own, and says the same name everywhere.
    package func checkInformation() throws(ConformanceFailure) {
        let information = engine.information
        try expect(!engine.name.isEmpty, "the engine has no name")
        try expect(
            information.name == engine.name,
            "the engine '\(engine.name)' calls itself '\(information.name)' in its information"
        )
        try expect(!information.version.isEmpty, "the engine doesn't say its version")
        try expect(!information.devices.isEmpty, "the engine doesn't say its devices")
        try expect(!engine.platform.isEmpty, "the engine doesn't say its platform")
        for filename in engine.modelFilenames {
            try expect(!filename.isEmpty && !filename.contains("/"), "'\(filename)' is not the name of a file")
        }
    }

    /// A file that isn't there is an error with words; an engine that takes no files passes.
    package func checkMissingFile() throws(ConformanceFailure) {
        guard let filename = engine.modelFilenames.first else { return }
        do throws(EngineError) {
            _ = try engine.load(.file(path: "/nonexistent/\(filename)"), options: model.options)
        } catch {
            return try expect(!error.message.isEmpty, "the error of a missing file has no message")
        }
        throw ConformanceFailure("a model file that isn't there was loaded")
    }

    /// The allocator's memory is as long and as aligned as asked, empty memory included.
    package func checkAllocator() throws(ConformanceFailure) {
        let allocator = try makeSession(model).allocator
        for (byteCount, alignment) in [(0, 1), (1, 1), (12, 4), (8, 8), (4096, 8), (1 << 20, 64)] {
            guard let storage = allocator.allocate(byteCount: byteCount, alignment: alignment) else {
                throw ConformanceFailure("the allocator has no \(byteCount) bytes")
            }
            try expect(storage.byteCount == byteCount, "asked for \(byteCount) bytes, got \(storage.byteCount)")
            try expect(storage.isAligned(to: alignment), "memory is not aligned to \(alignment)")
        }
    }
}

extension EngineConformance {
    /// Opens a model.
    func makeSession(_ model: Model) throws(ConformanceFailure) -> any EngineSession {
        do throws(EngineError) {
            return try engine.load(model.source, options: model.options)
        } catch {
            throw ConformanceFailure("the model '\(model.options.modelName)' doesn't load", cause: error)
        }
    }

    /// Makes an instance.
    func makeInstance(_ session: any EngineSession) throws(ConformanceFailure) -> any ModelInstance {
        do throws(EngineError) {
            return try session.makeInstance()
        } catch {
            throw ConformanceFailure("no instance of a loaded model", cause: error)
        }
    }

    /// Runs an instance that must answer.
    func answer(
        _ instance: any ModelInstance,
        outputs: [Int],
        timings: inout RequestTimings
    ) throws(ConformanceFailure) -> [Tensor] {
        do throws(EngineError) {
            return try instance.run(inputs: model.inputs, outputs: outputs, timings: &timings)
        } catch {
            throw ConformanceFailure("a call that fits the model failed", cause: error)
        }
    }

    /// Runs an instance that must answer, whenever.
    func answer(_ instance: any ModelInstance, outputs: [Int]) throws(ConformanceFailure) -> [Tensor] {
        var timings = RequestTimings(received: SystemTime().now)
        return try answer(instance, outputs: outputs, timings: &timings)
    }

    /// Fails unless a condition holds.
    func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConformanceFailure) {
        guard condition else { throw ConformanceFailure(message()) }
    }
}
