/// Where the memory for one request's inputs comes from and who pays for it: a model's allocator and the byte budget.
///
/// The body itself is charged by the listener. What is made of it is charged here, before the memory is taken; the
/// charge goes along with the request and ends when its answer has been written.
package struct RequestMemory: ~Copyable, Sendable {
    /// Bytes that a request takes for nothing: about what its connection takes anyway.
    ///
    /// So tiny requests spare the event loops the atomic operations on a number that they all share.
    package static let freeBytes = 16 << 10
    /// What an element of BYTES takes in an engine besides its content: a string object.
    package static let bytesElementOverhead = 32

    /// Where the tensors' memory comes from; the model's own, once it is known which one that is.
    package var allocator: any TensorAllocator
    private let budget: ByteBudget?
    private var charge: ByteCharge?
    /// Taken, and too little yet to be charged.
    private var uncharged = 0

    /// Starts with nothing taken; without a budget nothing is charged.
    package init(allocator: any TensorAllocator, budget: ByteBudget?) {
        self.allocator = allocator
        self.budget = budget
        self.charge = nil
    }

    /// Charges memory that somebody else is about to take for the request.
    ///
    /// - Throws: `resourceExhausted` when it doesn't fit the budget.
    package mutating func charge(_ byteCount: Int) throws(InferenceError) {
        guard let budget else { return }
        uncharged += byteCount
        guard uncharged > RequestMemory.freeBytes else { return }
        let fits: Bool
        if charge != nil {
            fits = charge?.grow(by: uncharged) ?? false
        } else {
            charge = ByteCharge(uncharged, from: budget)
            fits = charge != nil
        }
        guard fits else { throw ByteBudget.exhausted }
        uncharged = 0
    }

    /// Charges memory that is needed for a while only; given back when the charge ends.
    ///
    /// - Throws: `resourceExhausted` when it doesn't fit the budget.
    package func chargeForAWhile(_ byteCount: Int) throws(InferenceError) -> ByteCharge? {
        guard let budget else { return nil }
        guard let charge = ByteCharge(byteCount, from: budget) else { throw ByteBudget.exhausted }
        return charge
    }

    /// Charges the elements of a BYTES input beyond their content.
    package mutating func chargeElements(_ count: Int) throws(InferenceError) {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: RequestMemory.bytesElementOverhead)
        guard !overflow else { throw ByteBudget.exhausted }
        try charge(byteCount)
    }

    /// Memory for one tensor, charged.
    ///
    /// - Throws: `resourceExhausted` when it doesn't fit the budget or there is none left.
    package mutating func allocate(byteCount: Int, alignment: Int) throws(InferenceError) -> TensorStorage {
        try charge(byteCount)
        guard let storage = allocator.allocate(byteCount: byteCount, alignment: alignment) else {
            throw InferenceError(.resourceExhausted, "no memory for the request")
        }
        return storage
    }

    /// Hands the charge on to the request; `nil` for a small one.
    package mutating func takeCharge() -> ByteCharge? {
        charge.take()
    }
}
