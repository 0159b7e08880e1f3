internal import ApusCore

/// The features of all examples, sorted by the inputs that they go to.
struct FeatureColumns {
    /// What each note of a feature takes while the request is decoded.
    private static let noteBytes = MemoryLayout<ExampleFeature>.stride

    /// For each input, one for each example; none where the context has it, or nobody.
    private(set) var own: [[ExampleFeature]]
    /// For each input, the context's.
    let shared: [ExampleFeature?]

    /// Reads the examples one by one.
    ///
    /// - Throws: `invalidArgument` for a feature that is missing, or there twice.
    init(
        _ inputs: [TensorSpecification],
        examples: TensorFlowExamples,
        in bytes: RawSpan,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        var places: [String: Int] = [:]
        for (index, input) in inputs.enumerated() { places[input.name] = index }
        self.own = [[ExampleFeature]](repeating: [], count: inputs.count)
        var found = [ExampleFeature?](repeating: nil, count: inputs.count)
        if let context = examples.context { try FeatureColumns.read(context, in: bytes, places: places, into: &found) }
        self.shared = found
        var reader = ProtobufReader(examples.list)
        var example = 0
        while let range = try FeatureColumns.nextExample(&reader, in: bytes) {
            for index in found.indices { found[index] = nil }
            try FeatureColumns.read(range, in: bytes, places: places, into: &found)
            try memory.charge(inputs.count * FeatureColumns.noteBytes)
            for (index, input) in inputs.enumerated() { try note(found[index], of: input, at: index, example: example) }
            example += 1
        }
    }

    private mutating func note(
        _ feature: ExampleFeature?,
        of input: TensorSpecification,
        at index: Int,
        example: Int
    ) throws(InferenceError) {
        guard shared[index] == nil else {
            guard feature == nil else { throw .featureInBoth(input.name, example: example) }
            return
        }
        guard let feature else {
            guard input.isOptional, own[index].isEmpty else { throw .featureMissing(input, example: example) }
            return
        }
        // An optional input that the first examples hadn't.
        guard own[index].count == example else { throw .featureMissing(input, example: 0) }
        own[index].append(feature)
    }

    private static func nextExample(
        _ reader: inout ProtobufReader,
        in bytes: RawSpan
    ) throws(InferenceError) -> Range<Int>? {
        do throws(ProtobufFault) {
            while let field = try reader.nextBytes(in: bytes) {
                if field.number == 1 { return field.range }
            }
            return nil
        } catch {
            throw error.inferenceError
        }
    }

    /// Reads the `Example` that lies at `range`; of two features of one name the last counts, as in every map.
    private static func read(
        _ range: Range<Int>,
        in bytes: RawSpan,
        places: [String: Int],
        into found: inout [ExampleFeature?]
    ) throws(InferenceError) {
        do throws(ProtobufFault) {
            var features: Range<Int>?
            var example = ProtobufReader(range)
            while let field = try example.nextBytes(in: bytes) {
                if field.number == 1 { try features.takeOnce(field.range) }
            }
            var reader = ProtobufReader(features ?? 0..<0)
            while let field = try reader.nextBytes(in: bytes) {
                guard field.number == 1 else { continue }
                let entry = try ProtobufEntry(field.range, in: bytes)
                let feature = try ExampleFeature(entry.value, in: bytes)
                if let place = places[entry.key] { found[place] = feature }
            }
        } catch {
            throw error.inferenceError
        }
    }
}

/// Makes the tensor of one input of examples' features.
struct FeatureRows {
    let input: TensorSpecification
    /// How many examples there are.
    let examples: Int
    let limits: InputLimits

    /// The features of all examples, one after the other.
    func stacked(
        _ features: [ExampleFeature],
        in bytes: RawSpan,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let values = features[0].count
        for (index, feature) in features.enumerated() {
            try check(feature)
            guard feature.count == values else {
                throw .featureLength(input.name, example: index, expected: values, got: feature.count)
            }
        }
        let shape = try shape(values: values)
        let storage = try fill(features.map(\.message), count: shape.elementCount, in: bytes, memory: &memory)
        return Tensor(dataType: input.dataType, shape: shape, storage: storage)
    }

    /// The context's feature, once for each example.
    func repeated(
        _ feature: ExampleFeature,
        in bytes: RawSpan,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        try check(feature)
        let shape = try shape(values: feature.count)
        let row = try fill([feature.message], count: feature.count, in: bytes, memory: &memory)
        let length = row.byteCount
        let (byteCount, overflow) = length.multipliedReportingOverflow(by: examples)
        guard !overflow else { throw ByteBudget.exhausted }
        guard byteCount <= limits.maxBodyBytes else {
            throw .featureRepeated(input.name, examples: examples, byteCount: byteCount, limit: limits.maxBodyBytes)
        }
        if input.dataType == .bytes { try memory.chargeElements(shape.elementCount) }
        let storage = try memory.allocate(byteCount: byteCount, alignment: input.dataType.alignment)
        unsafe storage.withUnsafeMutableBytes { target in
            unsafe row.withUnsafeBytes { source in
                for index in 0..<examples where length > 0 {
                    let part = unsafe target[index * length..<(index + 1) * length]
                    unsafe UnsafeMutableRawBufferPointer(rebasing: part).copyMemory(from: source)
                }
            }
        }
        return Tensor(dataType: input.dataType, shape: shape, storage: storage)
    }

    private func fill(
        _ messages: [Range<Int>],
        count: Int,
        in bytes: RawSpan,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        let fill = TensorFill(
            name: input.name,
            dataType: input.dataType,
            count: count,
            list: ExampleFeature.Kind(of: input.dataType).list,
            messages: messages
        )
        return try fill.storage(in: bytes, maxRepeatedBytes: limits.maxBodyBytes, memory: &memory)
    }

    private func check(_ feature: ExampleFeature) throws(InferenceError) {
        let wanted = ExampleFeature.Kind(of: input.dataType)
        guard feature.kind != wanted else { return }
        throw InferenceError(
            .invalidArgument,
            "Name: \(input.name), Feature: \(input.name), Data types don't match. Expected type: "
                + "\(wanted.name), got \(feature.kind.name)",
            field: input.name,
            expected: wanted.name,
            got: feature.kind.name
        )
    }

    private func shape(values: Int) throws(InferenceError) -> TensorShape {
        let dimensions = try TensorFlowSignature.dimensions(of: input, examples: examples, values: values)
        guard let shape = TensorShape(dimensions), shape.elementCount <= limits.maxElements else {
            throw .tooManyElements(input.name, limit: limits.maxElements)
        }
        return shape
    }
}

extension InferenceError {
    fileprivate static func featureMissing(_ input: TensorSpecification, example: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Feature: \(input.name) (data type: \(input.dataType.tensorFlowWord)) is required but could not be found: "
                + "example \(example) has none",
            field: input.name,
            expected: "the feature in every example, or in the context"
        )
    }

    fileprivate static func featureInBoth(_ name: String, example: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Feature: \(name) is both in the context and in example \(example)",
            field: name,
            expected: "it in one of the two"
        )
    }

    fileprivate static func featureLength(_ name: String, example: Int, expected: Int, got: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Feature: \(name) has \(got) values in example \(example), and \(expected) in the first",
            field: name,
            expected: "\(expected) values",
            got: "\(got) values"
        )
    }
}
