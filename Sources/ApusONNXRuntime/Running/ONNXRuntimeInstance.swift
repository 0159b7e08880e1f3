package import ApusCore
package import ApusEngine
internal import CONNXRuntime

/// Runs a session, one call at a time, with memory that it keeps from run to run.
///
/// Unchecked because its caller promises not to run it twice at once; only `terminate` comes from other threads, and it
/// touches nothing but the switch.
@safe package final class ONNXRuntimeInstance: ModelInstance, @unchecked Sendable {
    private let session: ONNXRuntimeSession
    private let inputs: [TensorSpecification]
    private let termination: TerminationSwitch
    private let scratch: RunScratch
    private let smallInputs: UnsafeMutablePointer<SmallInput>
    private let outputReader: OutputReader
    private var keptOutputs: KeptOutputs

    /// Makes what one call at a time needs.
    init(_ session: ONNXRuntimeSession) throws(EngineError) {
        let handle = session.handle
        let signature = session.signature
        self.session = session
        self.inputs = signature.inputs
        let runOptions = try unsafe handle.environment.library.make("make run options") { out in
            unsafe CONNXRuntime_createRunOptions(handle.api, out)
        }
        self.termination = unsafe TerminationSwitch(api: handle.api, runOptions: runOptions)
        let library = handle.environment.library
        try unsafe library.check(CONNXRuntime_setRunTag(handle.api, runOptions, LogSink.runTag), "mark its runs")
        self.scratch = unsafe RunScratch(
            api: handle.api,
            inputs: signature.inputs.count,
            outputs: signature.outputs.count,
            maxRank: TensorShape.maxRank
        )
        unsafe self.smallInputs = .allocate(capacity: max(1, signature.inputs.count))
        for index in signature.inputs.indices { unsafe (smallInputs + index).initialize(to: SmallInput(handle)) }
        self.outputReader = OutputReader(handle: handle, outputs: signature.outputs)
        self.keptOutputs = KeptOutputs(handle, isAllowed: !signature.hasDataDependentCost)
    }

    deinit {
        unsafe smallInputs.deinitialize(count: inputs.count)
        unsafe smallInputs.deallocate()
    }

    package func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings
    ) throws(EngineError) -> [Tensor] {
        defer { scratch.releaseInputs() }
        try addInputs(inputs)
        try selectOutputs(outputs)
        timings.inputReady = SystemTime().now
        if termination.isTerminated { throw terminated(cause: nil) }
        if keptOutputs.prepare(inputs, outputs, scratch) == .kept, let tensors = try runWithKeptOutputs(&timings) {
            return tensors
        }
        let status = unsafe execute(outputs.count)
        timings.inferEnded = SystemTime().now
        if let status = unsafe status {
            scratch.releaseOutputs()
            throw unsafe failure(status)
        }
        let tensors = try takeOutputs(outputs, inputs)
        keptOutputs.note(inputs, outputs, tensors)
        return tensors
    }

    /// Runs into the values of the last time; `nil` when the run has to be made again without them.
    private func runWithKeptOutputs(_ timings: inout RequestTimings) throws(EngineError) -> [Tensor]? {
        let status = unsafe execute(keptOutputs.count)
        timings.inferEnded = SystemTime().now
        guard let status = unsafe status else { return keptOutputs.take(scratch) }
        keptOutputs.failed(scratch)
        let failure = unsafe failure(status)
        guard failure.code != .terminated else { throw failure }
        return nil
    }

    package func terminate() {
        termination.terminate()
    }

    package func clearTermination() {
        termination.clear()
    }

    /// Calls the library.
    private func execute(_ outputCount: Int) -> OpaquePointer? {
        unsafe CONNXRuntime_run(
            session.handle.api,
            session.handle.pointer,
            termination.runOptions,
            scratch.inputNames,
            scratch.inputs,
            scratch.inputCount,
            scratch.outputNames,
            outputCount,
            scratch.outputs
        )
    }

    /// What a failed run was.
    private func failure(_ status: OpaquePointer) -> EngineError {
        let failure = unsafe session.handle.environment.library.takeFailure(status)
        guard termination.isTerminated else { return EngineError(running: session.modelName, failure) }
        return terminated(cause: failure)
    }

    /// The error of a run that was told to end.
    private func terminated(cause: ONNXRuntimeFailure?) -> EngineError {
        EngineError(.terminated, "the run of model '\(session.modelName)' was terminated", cause: cause)
    }

    /// Makes the library's values for all inputs that came.
    private func addInputs(_ tensors: [Tensor?]) throws(EngineError) {
        guard tensors.count == inputs.count else {
            throw invalid("takes \(inputs.count) inputs, \(tensors.count) came")
        }
        for index in tensors.indices {
            guard let tensor = tensors[index] else {
                guard inputs[index].isOptional else { throw invalid("needs its input '\(inputs[index].name)'") }
                continue
            }
            try addInput(index, tensor)
        }
    }

    /// Makes the library's value for one input: a kept one, one that reads the tensor's memory, or a copy.
    private func addInput(_ index: Int, _ tensor: Tensor) throws(EngineError) {
        let type = tensor.dataType
        guard type == inputs[index].dataType else {
            throw invalid(
                "takes \(inputs[index].dataType.rawValue) for its input '\(inputs[index].name)', not \(type.rawValue)"
            )
        }
        let name = unsafe session.inputNames.pointers[index]
        guard type != .bytes else {
            let value = try unsafe TensorValue.makeStrings(tensor, session.handle)
            return unsafe scratch.addInput(name, value, isTransient: true)
        }
        guard tensor.storage.byteCount == tensor.shape.byteCount(of: type) else {
            throw invalid("got an input '\(inputs[index].name)' whose bytes don't fit its shape \(tensor.shape)")
        }
        if tensor.storage.byteCount <= SmallInput.maxByteCount {
            let value = try unsafe smallInputs[index].fill(tensor)
            return unsafe scratch.addInput(name, value, isTransient: false)
        }
        let isAligned = tensor.storage.isAligned(to: type.alignment)
        let value =
            try unsafe isAligned
            ? TensorValue.wrap(tensor, session.handle) : TensorValue.copy(tensor, session.handle)
        unsafe scratch.addInput(name, value, isTransient: true)
    }

    /// Notes the names of the outputs asked for.
    private func selectOutputs(_ outputs: [Int]) throws(EngineError) {
        guard !outputs.isEmpty, outputs.count <= session.outputNames.count else {
            throw invalid("has \(session.outputNames.count) outputs, \(outputs.count) are asked for")
        }
        for (place, index) in outputs.enumerated() {
            guard index >= 0, index < session.outputNames.count else { throw invalid("has no output \(index)") }
            unsafe scratch.outputNames[place] = session.outputNames.pointers[index]
        }
    }

    /// Makes tensors of the library's values.
    private func takeOutputs(_ outputs: [Int], _ inputs: [Tensor?]) throws(EngineError) -> [Tensor] {
        var tensors: [Tensor] = []
        tensors.reserveCapacity(outputs.count)
        do throws(EngineError) {
            for place in outputs.indices {
                let index = outputs[place]
                guard let value = unsafe scratch.takeOutput(place) else {
                    throw EngineError(.runFailed, "model '\(session.modelName)' gave no output \(index)")
                }
                let tensor = try unsafe outputReader.makeTensor(value, index, scratch.dimensions) { address in
                    unsafe isInputMemory(address, inputs)
                }
                tensors.append(tensor)
            }
        } catch {
            scratch.releaseOutputs()
            throw error
        }
        return tensors
    }

    /// Whether an output is an input passed through: its memory then belongs to the request.
    private func isInputMemory(_ address: UnsafeRawPointer, _ tensors: [Tensor?]) -> Bool {
        for index in tensors.indices where unsafe smallInputs[index].contains(address) { return true }
        guard scratch.hasBorrowedInputs else { return false }
        for index in tensors.indices {
            guard let tensor = tensors[index] else { continue }
            let isInside = unsafe tensor.storage.withUnsafeBytes { bytes in
                unsafe bytes.baseAddress.map { unsafe address >= $0 && address < $0 + max(1, bytes.count) } ?? false
            }
            if isInside { return true }
        }
        return false
    }

    /// The error for a call that doesn't fit the signature.
    private func invalid(_ reason: String) -> EngineError {
        EngineError(.invalidInput, "model '\(session.modelName)' \(reason)")
    }
}
