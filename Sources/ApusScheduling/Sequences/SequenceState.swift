internal import ApusCore

/// What a model remembers of a sequence: one tensor for each of its states, in memory of their own.
struct SequenceState: Sendable {
    /// The states, in the layout's order.
    let tensors: [Tensor]
    /// Bytes that they hold.
    let byteCount: Int

    /// Copies a run's outputs, which may be rows of a whole batch or memory that the engine wants back.
    ///
    /// - Returns: `nil` when there is no memory.
    init?(copying outputs: [Tensor]) {
        var tensors: [Tensor] = []
        var byteCount = 0
        for output in outputs {
            guard let storage = TensorStorage(byteCount: output.storage.byteCount) else { return nil }
            unsafe output.storage.withUnsafeBytes { source in
                unsafe storage.withUnsafeMutableBytes { target in unsafe target.copyMemory(from: source) }
            }
            tensors.append(Tensor(dataType: output.dataType, shape: output.shape, storage: storage))
            byteCount += storage.byteCount
        }
        self.tensors = tensors
        self.byteCount = byteCount
    }
}

/// Keeps a version alive for as long as a sequence lives.
final class SequenceHold: Sendable {
    private let lease: Lease

    /// Takes a lease over.
    init(_ lease: consuming Lease) {
        self.lease = lease
    }
}
