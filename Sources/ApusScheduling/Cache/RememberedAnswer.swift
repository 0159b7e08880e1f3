internal import ApusCore

/// An answer in memory of its own, as the cache keeps it.
///
/// A model's outputs may lie in its engine's memory, be a slice of a whole batch, or be the request's own network buffer:
/// what they keep alive is neither known nor bounded. So they are copied once, when they are put in; each hit shares the
/// copy.
struct RememberedAnswer: Sendable {
    /// What an answer takes besides its tensors: key, places in the tables, arrays; estimated on the safe side.
    static let overhead = 512
    /// What a tensor takes besides its elements: its object, shape and name.
    static let tensorOverhead = 256

    /// The outputs, as they are given to everybody.
    let outputs: [NamedTensor]
    /// What it counts as in the cache's limit.
    let byteCount: Int

    /// Copies outputs; `nil` when they count for more than a limit, or there is no memory.
    init?(copying outputs: [NamedTensor], byteLimit: Int) {
        var byteCount = Self.overhead
        for output in outputs {
            let (sum, overflow) = byteCount.addingReportingOverflow(output.tensor.storage.byteCount)
            guard !overflow, sum <= byteLimit - Self.tensorOverhead else { return nil }
            byteCount = sum + Self.tensorOverhead
        }
        guard byteCount <= byteLimit else { return nil }
        var copies: [NamedTensor] = []
        copies.reserveCapacity(outputs.count)
        for output in outputs {
            guard let copy = Self.copy(output.tensor) else { return nil }
            copies.append(NamedTensor(name: output.name, tensor: copy))
        }
        self.outputs = copies
        self.byteCount = byteCount
    }

    private static func copy(_ tensor: Tensor) -> Tensor? {
        let allocator = HeapTensorAllocator()
        let byteCount = tensor.storage.byteCount
        guard let memory = allocator.allocate(byteCount: byteCount, alignment: tensor.dataType.alignment) else {
            return nil
        }
        unsafe tensor.storage.withUnsafeBytes { source in
            unsafe memory.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
        }
        return Tensor(dataType: tensor.dataType, shape: tensor.shape, storage: memory)
    }
}
