internal import CONNXRuntime

/// The arrays that a run hands to the library, allocated once for an instance.
///
/// Unchecked because of its pointers; an instance runs one call at a time, so nobody shares them.
@safe final class RunScratch: @unchecked Sendable {
    /// Names of the inputs of this run.
    let inputNames: UnsafeMutablePointer<UnsafePointer<CChar>?>
    /// Values of the inputs of this run.
    let inputs: UnsafeMutablePointer<OpaquePointer?>
    /// How many inputs this run has.
    private(set) var inputCount = 0
    /// Names of the outputs of this run.
    let outputNames: UnsafeMutablePointer<UnsafePointer<CChar>?>
    /// Where the library puts its outputs; `nil` outside a run and for outputs that have been taken.
    let outputs: UnsafeMutablePointer<OpaquePointer?>
    /// Room for one shape.
    let dimensions: UnsafeMutablePointer<Int64>

    private let api: UnsafePointer<CONNXRuntime_Api>
    private let transient: UnsafeMutablePointer<OpaquePointer?>
    private var transientCount = 0
    private let outputCapacity: Int

    /// Room for so many inputs, outputs and dimensions.
    init(api: UnsafePointer<CONNXRuntime_Api>, inputs: Int, outputs: Int, maxRank: Int) {
        unsafe self.api = unsafe api
        unsafe self.inputNames = .allocate(capacity: inputs + 1)
        unsafe self.inputs = .allocate(capacity: inputs + 1)
        unsafe self.transient = .allocate(capacity: inputs + 1)
        unsafe self.outputNames = .allocate(capacity: outputs + 1)
        unsafe self.outputs = .allocate(capacity: outputs + 1)
        unsafe self.outputs.initialize(repeating: nil, count: outputs + 1)
        unsafe self.dimensions = .allocate(capacity: maxRank)
        self.outputCapacity = outputs
    }

    deinit {
        releaseInputs()
        releaseOutputs()
        unsafe inputNames.deallocate()
        unsafe inputs.deallocate()
        unsafe transient.deallocate()
        unsafe outputNames.deallocate()
        unsafe outputs.deallocate()
        unsafe dimensions.deallocate()
    }

    /// Adds an input to this run.
    ///
    /// - Parameters:
    ///   - name: The input's name; it outlives the instance.
    ///   - value: The library's value.
    ///   - isTransient: Whether the value is released after the run.
    func addInput(_ name: UnsafePointer<CChar>?, _ value: OpaquePointer, isTransient: Bool) {
        unsafe inputNames[inputCount] = unsafe name
        unsafe inputs[inputCount] = unsafe value
        inputCount += 1
        guard isTransient else { return }
        unsafe transient[transientCount] = unsafe value
        transientCount += 1
    }

    /// Whether values of this run may lie in memory of its request.
    var hasBorrowedInputs: Bool { transientCount > 0 }

    /// Forgets the inputs of the last run.
    func releaseInputs() {
        for index in 0..<transientCount {
            if let value = unsafe transient[index] { unsafe CONNXRuntime_releaseValue(api, value) }
        }
        transientCount = 0
        inputCount = 0
    }

    /// Takes an output out, to be released by somebody else.
    func takeOutput(_ index: Int) -> OpaquePointer? {
        defer { unsafe outputs[index] = nil }
        return unsafe outputs[index]
    }

    /// Releases the outputs that nobody took, after a failure.
    func releaseOutputs() {
        for index in 0..<outputCapacity {
            if let value = unsafe takeOutput(index) { unsafe CONNXRuntime_releaseValue(api, value) }
        }
    }
}
