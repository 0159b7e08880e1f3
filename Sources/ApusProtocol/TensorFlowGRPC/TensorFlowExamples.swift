package import ApusCore

/// The examples of a request, and what they have in common: where they lie in its message.
package struct TensorFlowExamples: Sendable {
    /// How many there are, at least one.
    package let count: Int
    /// Where the list of them lies.
    let list: Range<Int>
    /// Where the example lies whose features all have; `nil` when there is none.
    let context: Range<Int>?

    /// Finds the examples in the `Input` that lies at `range`.
    ///
    /// - Throws: `invalidArgument` when there are none, or it is no such message.
    init(_ range: Range<Int>, in bytes: RawSpan) throws(InferenceError) {
        var list: Range<Int>?
        var context: Range<Int>?
        var count = 0
        do throws(ProtobufFault) {
            var input = ProtobufReader(range)
            var canHaveContext = false
            while let field = try input.nextBytes(in: bytes) {
                guard field.number == 1 || field.number == 2 else { continue }
                try list.takeOnce(field.range)
                canHaveContext = field.number == 2
            }
            var examples = ProtobufReader(list ?? 0..<0)
            while let field = try examples.nextBytes(in: bytes) {
                if field.number == 1 { count += 1 }
                if field.number == 2, canHaveContext { try context.takeOnce(field.range) }
            }
        } catch {
            throw error.inferenceError
        }
        guard let list, count > 0 else {
            throw InferenceError(.invalidArgument, "Input is empty.", field: "input", expected: "at least one example")
        }
        self.list = list
        self.context = context
        self.count = count
    }

    /// Makes a model's inputs, in its order: each feature goes to the input of its name, each example is a row.
    ///
    /// - Parameters:
    ///   - model: The model asked.
    ///   - bytes: The message that the examples lie in.
    ///   - limits: What requests may bring.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The inputs; only types and numbers of values have been compared with the model.
    /// - Throws: `invalidArgument` for a feature that is missing or doesn't fit its input, `resourceExhausted` without
    ///   memory.
    package func tensors(
        for model: ModelDescription,
        bytes: RawSpan,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        let columns = try FeatureColumns(model.inputs, examples: self, in: bytes, memory: &memory)
        var tensors: [NamedTensor] = []
        for (index, input) in model.inputs.enumerated() {
            let rows = FeatureRows(input: input, examples: count, limits: limits)
            let tensor: Tensor
            if let shared = columns.shared[index] {
                tensor = try rows.repeated(shared, in: bytes, memory: &memory)
            } else if !columns.own[index].isEmpty {
                tensor = try rows.stacked(columns.own[index], in: bytes, memory: &memory)
            } else {
                continue
            }
            tensors.append(NamedTensor(name: input.name, tensor: tensor))
        }
        return tensors
    }
}

/// One feature of one example: a list of a kind.
struct ExampleFeature {
    /// What `Feature` has a list for.
    enum Kind: Int {
        case bytes = 1
        case float = 2
        case integers = 3

        /// What the list is called.
        var name: String {
            switch self {
            case .bytes: "bytes_list"
            case .float: "float_list"
            case .integers: "int64_list"
            }
        }

        /// The list in its message.
        var list: ProtobufList {
            switch self {
            case .bytes: ProtobufList(number: 1, element: .bytes)
            case .float: ProtobufList(number: 1, element: .float)
            case .integers: ProtobufList(number: 1, element: .int64)
            }
        }

        /// The kind that values of a type come in.
        init(of type: DataType) {
            switch type {
            case .bytes: self = .bytes
            case .fp16, .bf16, .fp32, .fp64: self = .float
            default: self = .integers
            }
        }
    }

    /// Its list's kind.
    let kind: Kind
    /// Where the list's message lies.
    let message: Range<Int>
    /// How many values it has.
    let count: Int

    /// Reads the `Feature` that lies at `range`; `nil` for one without a list.
    init?(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        var kind: Kind?
        var message: Range<Int>?
        var reader = ProtobufReader(range)
        while let field = try reader.nextBytes(in: bytes) {
            guard let known = Kind(rawValue: field.number) else { continue }
            try message.takeOnce(field.range)
            kind = known
        }
        guard let kind, let message else { return nil }
        var count = 0
        var pieces = ProtobufListReader(kind.list, in: message)
        while let piece = try pieces.next(in: bytes) { count += try kind.list.count(in: piece, of: bytes) }
        self.kind = kind
        self.message = message
        self.count = count
    }
}
