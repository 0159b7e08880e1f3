package import ApusCore

/// The inputs of a session that the server fills for a sequence's requests, and the outputs that it keeps.
package struct SequenceLayout: Sendable {
    /// An input through which the model learns where in its sequence a request stands.
    package struct Control: Sendable {
        /// What it says.
        package enum Meaning: Sendable {
            /// Whether the sequence begins.
            case start(no: Tensor, yes: Tensor)
            /// Whether there is a request: always, for runs hold nothing else.
            case ready(Tensor)
            /// Whether the sequence ends.
            case end(no: Tensor, yes: Tensor)
            /// Which sequence it is, as this type and shape.
            case correlationID(DataType, TensorShape)
        }

        /// The input's name.
        package let name: String
        /// What it says.
        package let meaning: Meaning

        /// Describes a control.
        package init(name: String, meaning: Meaning) {
            self.name = name
            self.meaning = meaning
        }
    }

    /// An output that comes back as an input of the sequence's next request.
    package struct State: Sendable {
        /// The input's name.
        package let input: String
        /// The output's name.
        package let output: String
        /// What the first request of a sequence gets.
        package let initial: Tensor

        /// Describes a state.
        package init(input: String, output: String, initial: Tensor) {
            self.input = input
            self.output = output
            self.initial = initial
        }
    }

    /// Inputs that tell the model about the sequence.
    package let controls: [Control]
    /// What the model remembers.
    package let states: [State]

    /// Collects them.
    package init(controls: [Control], states: [State]) {
        self.controls = controls
        self.states = states
    }
}

extension SequenceLayout {
    /// The inputs that the server adds to a request.
    ///
    /// - Throws: `invalidArgument` when the id isn't one that the model takes, `resourceExhausted` without memory.
    func inputs(
        id: SequencePosition.ID,
        isFirst: Bool,
        isLast: Bool,
        state: SequenceState?
    ) throws(InferenceError) -> [NamedTensor] {
        var inputs: [NamedTensor] = []
        inputs.reserveCapacity(controls.count + states.count)
        for control in controls {
            let tensor: Tensor
            switch control.meaning {
            case .start(let no, let yes): tensor = isFirst ? yes : no
            case .ready(let yes): tensor = yes
            case .end(let no, let yes): tensor = isLast ? yes : no
            case .correlationID(let type, let shape):
                guard let storage = TensorStorage(copying: try CorrelationID.bytes(id, as: type)) else {
                    throw InferenceError(.resourceExhausted, "no memory for the request")
                }
                tensor = Tensor(dataType: type, shape: shape, storage: storage)
            }
            inputs.append(NamedTensor(name: control.name, tensor: tensor))
        }
        for index in states.indices {
            let tensor = state?.tensors[index] ?? states[index].initial
            inputs.append(NamedTensor(name: states[index].input, tensor: tensor))
        }
        return inputs
    }

    /// Refuses an id that the model doesn't take.
    ///
    /// - Throws: `invalidArgument` with the id and the type.
    func check(_ id: SequencePosition.ID) throws(InferenceError) {
        for control in controls {
            guard case .correlationID(let type, _) = control.meaning else { continue }
            _ = try CorrelationID.bytes(id, as: type)
        }
    }
}

/// A sequence's id as the element of a tensor.
enum CorrelationID {
    /// The element's bytes; a number becomes text for a model that takes text.
    ///
    /// - Throws: `invalidArgument` for text where the model takes numbers, and for a number that its type can't hold.
    static func bytes(_ id: SequencePosition.ID, as type: DataType) throws(InferenceError) -> [UInt8] {
        if type == .bytes {
            let text = Array(id.description.utf8)
            return bytes(UInt32(clamping: text.count), count: 4) + text
        }
        guard case .number(let number) = id else {
            throw refusal(id, type, expected: "an integer")
        }
        let largest: UInt64 =
            switch type {
            case .uint32: UInt64(UInt32.max)
            case .int32: UInt64(Int32.max)
            case .int64: UInt64(Int64.max)
            default: .max
            }
        guard number <= largest else { throw refusal(id, type, expected: "at most \(largest)") }
        return bytes(number, count: type.byteSize ?? 8)
    }

    /// The lowest bytes of a number, little-endian.
    private static func bytes(_ number: some UnsignedInteger, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private static func refusal(_ id: SequencePosition.ID, _ type: DataType, expected: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "sequence_id '\(id)' doesn't fit the model, which takes correlation ids as \(type.rawValue)",
            field: "parameters.sequence_id",
            expected: expected,
            got: id.description
        )
    }
}
