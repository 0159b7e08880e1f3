internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime

/// Values that an instance keeps for small outputs and has the library write into, run after run.
///
/// Making an output costs the library about eight allocations, and asking for its type and shape three more. When the
/// same input shapes come again, the outputs of an ordinary graph have the same shapes again; then the library gets the
/// values of the last time and what it wrote is copied out, which costs less than a tenth for some hundred bytes.
///
/// Two things end it for a session's instance: a run that fails with kept values (an output whose shape depends on more
/// than input shapes), which is then made again without them, and kept memory that a first run left as it was (an output
/// that is not computed but passed through).
@safe struct KeptOutputs: ~Copyable {
    /// What is to be done with the values of a run.
    enum Use {
        /// The library makes them.
        case fresh
        /// The library writes into the kept ones.
        case kept
    }

    private enum Phase {
        /// So many runs in a row had the same input shapes.
        case watching(runs: Int)
        /// Values have been made and never been written into.
        case untried
        /// They are good.
        case proved
        /// Not for this session.
        case off
    }

    /// Runs with the same shapes before values are made for them.
    private static let neededRuns = 3
    /// Failed runs after which values are kept no more.
    private static let maxFailures = 8
    /// What untried memory is filled with.
    private static let mark: UInt8 = 0xA5

    private let session: SessionHandle
    private var phase: Phase
    private var inputShapes: [TensorShape?] = []
    private var outputs: [Int] = []
    private var shapes: [TensorShape] = []
    private var types: [DataType] = []
    private var values: [OpaquePointer]
    private var memory: [UnsafeMutableRawPointer]
    private var failures = 0

    /// Starts without values; `isAllowed` says whether outputs may be kept at all.
    init(_ session: SessionHandle, isAllowed: Bool) {
        self.session = session
        self.phase = isAllowed ? .watching(runs: 0) : .off
        unsafe self.values = []
        unsafe self.memory = []
    }

    deinit {
        for index in unsafe values.indices { unsafe CONNXRuntime_releaseValue(session.api, values[index]) }
    }

    /// How many outputs are kept.
    var count: Int { outputs.count }

    /// Decides for a run and, when values are kept, puts them where the library looks for them.
    mutating func prepare(_ inputs: [Tensor?], _ outputs: [Int], _ scratch: RunScratch) -> Use {
        switch phase {
        case .off: return .fresh
        case .watching: return .fresh
        case .untried, .proved:
            guard fits(inputs, outputs) else {
                forget()
                return .fresh
            }
        }
        for place in outputs.indices { unsafe scratch.outputs[place] = unsafe values[place] }
        if case .untried = phase { fill() }
        return .kept
    }

    /// Copies what a run wrote into kept values.
    ///
    /// - Returns: `nil` when it wrote nothing, or when there is no memory: then the run has to be made again.
    mutating func take(_ scratch: RunScratch) -> [Tensor]? {
        for place in outputs.indices { unsafe scratch.outputs[place] = nil }
        if case .untried = phase {
            guard isWritten() else {
                end()
                return nil
            }
            phase = .proved
        }
        var tensors: [Tensor] = []
        tensors.reserveCapacity(outputs.count)
        for place in outputs.indices {
            let byteCount = shapes[place].byteCount(of: types[place]) ?? 0
            guard let storage = TensorStorage(byteCount: byteCount) else { return nil }
            unsafe storage.withUnsafeMutableBytes { bytes in
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: memory[place], count: byteCount))
            }
            tensors.append(Tensor(dataType: types[place], shape: shapes[place], storage: storage))
        }
        return tensors
    }

    /// A run with kept values failed: it may have been the request's fault, so they are given some more chances.
    mutating func failed(_ scratch: RunScratch) {
        for place in outputs.indices { unsafe scratch.outputs[place] = nil }
        failures += 1
        failures < KeptOutputs.maxFailures ? forget() : end()
    }

    /// A run whose values the library made has given these.
    mutating func note(_ inputs: [Tensor?], _ outputs: [Int], _ tensors: [Tensor]) {
        guard case .watching(let runs) = phase else { return }
        guard runs > 0, fits(inputs, outputs) else {
            self.inputShapes = inputs.map { $0?.shape }
            self.outputs = outputs
            phase = .watching(runs: 1)
            return
        }
        phase = .watching(runs: runs + 1)
        guard runs + 1 >= KeptOutputs.neededRuns, tensors.allSatisfy(KeptOutputs.isSmall) else { return }
        make(tensors)
    }
}

extension KeptOutputs {
    private static func isSmall(_ tensor: Tensor) -> Bool {
        tensor.dataType != .bytes && (1...SmallInput.maxByteCount).contains(tensor.storage.byteCount)
    }

    private func fits(_ inputs: [Tensor?], _ outputs: [Int]) -> Bool {
        guard inputs.count == inputShapes.count, outputs == self.outputs else { return false }
        for index in inputs.indices where inputs[index]?.shape != inputShapes[index] { return false }
        return true
    }

    private mutating func make(_ tensors: [Tensor]) {
        for tensor in tensors {
            guard let value = try? unsafe TensorValue.make(tensor.dataType, tensor.shape, session) else { return end() }
            unsafe values.append(value)
            guard let start = try? unsafe TensorValue.memory(of: value, session) else { return end() }
            unsafe memory.append(start)
        }
        shapes = tensors.map(\.shape)
        types = tensors.map(\.dataType)
        phase = .untried
    }

    private func fill() {
        for place in outputs.indices {
            let byteCount = shapes[place].byteCount(of: types[place]) ?? 0
            unsafe memory[place].initializeMemory(as: UInt8.self, repeating: KeptOutputs.mark, count: byteCount)
        }
    }

    private func isWritten() -> Bool {
        outputs.indices.allSatisfy { place in
            let byteCount = shapes[place].byteCount(of: types[place]) ?? 0
            let bytes = unsafe UnsafeRawBufferPointer(start: memory[place], count: byteCount)
            return unsafe bytes.contains { $0 != KeptOutputs.mark }
        }
    }

    private mutating func forget() {
        releaseValues()
        phase = .watching(runs: 0)
    }

    private mutating func end() {
        releaseValues()
        phase = .off
    }

    private mutating func releaseValues() {
        for index in unsafe values.indices { unsafe CONNXRuntime_releaseValue(session.api, values[index]) }
        unsafe values = []
        unsafe memory = []
    }
}
