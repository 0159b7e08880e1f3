package import ApusCore

/// An output that a request asked for by name.
package struct V2RequestedOutput: Sendable {
    /// The output's name.
    package let name: String
    /// Whether its data should come as bytes behind the JSON.
    package let isBinary: Bool
    /// Whatever few requests say of an output; `nil` for nothing.
    package let special: V2SpecialOutput?

    /// Asks for one output.
    package init(name: String, isBinary: Bool, special: V2SpecialOutput? = nil) {
        self.name = name
        self.isBinary = isBinary
        self.special = special
    }
}

/// What few requests say of an output: in an object of its own, so that the many don't carry it.
package final class V2SpecialOutput: Sendable {
    /// How many classes are wanted; 0 for the output as it is.
    package let classCount: Int
    /// Where its bytes go; `nil` for the answer.
    package let part: SharedMemoryPart?

    /// Asks for classes or for another place.
    package init(classCount: Int = 0, part: SharedMemoryPart? = nil) {
        self.classCount = classCount
        self.part = part
    }
}

/// What a v2 inference request said, before anybody compared it with the model.
package struct V2InferRequest: Sendable {
    /// The caller's name for the request; empty when none was sent.
    package var id = ""
    /// Input tensors in the request's order.
    package var inputs: [NamedTensor] = []
    /// Outputs asked for; empty for all.
    package var outputs: [V2RequestedOutput] = []
    /// Whether outputs that were not listed come as bytes.
    package var binaryDataOutput = false
    /// 0 is the default level, 1 the highest.
    package var priority: UInt64 = 0
    /// Microseconds that the request may take; 0 for no limit.
    package var timeoutMicroseconds: UInt64 = 0
    /// Its place in a sequence; `nil` when it names none.
    package var sequence: SequencePosition?
    /// Whether a request that ends without an answer is to be told so (`triton_enable_empty_final_response`).
    package var wantsEmptyFinal = false
    /// Parameters that aren't the protocol's own.
    package var parameters: [String: ParameterValue] = [:]

    /// What is said of outputs where one is to be classified or put elsewhere; `nil` when all are sent as they are.
    package var outputWishes: V2OutputForm? {
        guard outputs.contains(where: { $0.special != nil }) else { return nil }
        return V2OutputForm(listed: outputs, others: binaryDataOutput)
    }

    /// Starts an empty request.
    package init() {
        self.sequence = nil
    }
}

/// The part of a body behind its JSON, and how tensors are made of it.
package protocol BinaryBody {
    /// Bytes behind the JSON.
    var byteCount: Int { get }
    /// Tensor memory for a part of the bytes: borrowed where it is aligned, else a copy in the request's memory.
    ///
    /// - Throws: `resourceExhausted` without memory.
    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage
}

/// A body that is JSON to its end.
package struct NoBinaryBody: BinaryBody {
    /// Makes the empty part.
    package init() {}

    package var byteCount: Int { 0 }

    package func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        try memory.allocate(byteCount: 0, alignment: alignment)
    }
}
