package import ApusCore

/// Encodes the answer to a classify or regress request, straight from tensor memory.
package struct TensorFlowResultsAnswer: Sendable {
    /// Which message it is.
    package enum Form: Sendable {
        /// A ClassificationResponse or a RegressionResponse.
        case response
        /// An InferenceResult: what MultiInference has of each task.
        case result
    }

    private let results: TensorFlowResults
    private let isClassification: Bool
    private let form: Form
    private let spec: AnsweredModelSpec
    /// Of the ClassificationResult or RegressionResult.
    private let resultByteCount: Int
    /// Of the Classifications of each example.
    private let exampleByteCounts: [Int]
    /// The bytes of the whole message, exactly.
    package let byteCount: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - model: The version that answered.
    ///   - results: What its outputs say.
    ///   - isClassification: Whether they are classes with scores, and not values.
    ///   - form: The message.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it takes more, `invalidArgument` when it takes more than a message can.
    package init(
        model: ModelID,
        results: TensorFlowResults,
        isClassification: Bool,
        form: Form = .response,
        maxBytes: Int
    ) throws(InferenceError) {
        self.results = results
        self.isClassification = isClassification
        self.form = form
        self.spec = AnsweredModelSpec(model)
        var exampleByteCounts: [Int] = []
        var count = 0
        if isClassification {
            var labels = ClassLabels(results)
            for example in 0..<results.count {
                let byteCount = TensorFlowResultsAnswer.byteCount(ofExample: example, of: results, &labels)
                exampleByteCounts.append(byteCount)
                count += ProtobufSize.field(byteCount: byteCount)
            }
        } else {
            for example in 0..<results.count {
                count += ProtobufSize.field(byteCount: results.values.real(at: example).fieldByteCount)
            }
        }
        self.exampleByteCounts = exampleByteCounts
        self.resultByteCount = count
        self.byteCount = ProtobufSize.field(byteCount: count) + ProtobufSize.field(byteCount: spec.byteCount)
        try V2MessageEncoder.check(byteCount, maxBytes: maxBytes)
    }

    /// Writes the message; the span has room for `byteCount` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = ProtobufWriter(span)
        if form == .result {
            writer.header(1, byteCount: spec.byteCount)
            spec.write(to: &writer)
        }
        writer.header(form == .response ? 1 : isClassification ? 2 : 3, byteCount: resultByteCount)
        if isClassification { writeClasses(to: &writer) } else { writeValues(to: &writer) }
        if form == .response {
            writer.header(2, byteCount: spec.byteCount)
            spec.write(to: &writer)
        }
        span = writer.finish()
    }

    private func writeValues(to writer: inout ProtobufWriter) {
        for example in 0..<results.count {
            let value = results.values.real(at: example)
            writer.header(1, byteCount: value.fieldByteCount)
            if value.fieldByteCount > 0 { writer.float(1, value) }
        }
    }

    private func writeClasses(to writer: inout ProtobufWriter) {
        var labels = ClassLabels(results)
        for example in 0..<results.count {
            writer.header(1, byteCount: exampleByteCounts[example])
            for index in 0..<results.valuesPerExample {
                let score = results.values.real(at: example * results.valuesPerExample + index)
                let label = labels.next(index)
                writer.header(1, byteCount: label.fieldByteCount + score.fieldByteCount)
                switch label {
                case .text(let storage, let range):
                    if !range.isEmpty {
                        writer.header(1, byteCount: range.count)
                        writer.bytes(of: storage, in: range)
                    }
                case .name(let name): if !name.isEmpty { writer.string(1, name) }
                }
                if score.fieldByteCount > 0 { writer.float(2, score) }
            }
        }
    }

    private static func byteCount(
        ofExample example: Int,
        of results: TensorFlowResults,
        _ labels: inout ClassLabels
    ) -> Int {
        var count = 0
        for index in 0..<results.valuesPerExample {
            let score = results.values.real(at: example * results.valuesPerExample + index)
            count += ProtobufSize.field(byteCount: labels.next(index).fieldByteCount + score.fieldByteCount)
        }
        return count
    }
}

/// The labels of all classes of all examples, one after the other.
private struct ClassLabels {
    enum Label {
        case text(TensorStorage, Range<Int>)
        case name(String)

        /// The bytes that the field takes; none for an empty label.
        var fieldByteCount: Int {
            switch self {
            case .text(_, let range): range.isEmpty ? 0 : ProtobufSize.field(byteCount: range.count)
            case .name(let name): name.isEmpty ? 0 : ProtobufSize.string(name)
            }
        }
    }

    private let classes: TensorStorage?
    private let names: [String]
    private var offset = 0

    init(_ results: TensorFlowResults) {
        classes = results.classes?.storage
        names = results.labels
    }

    /// The next label; the class' number where the model has none.
    mutating func next(_ index: Int) -> Label {
        guard let classes, let text = TensorMessage.text(of: classes, at: offset) else {
            return .name(index < names.count ? names[index] : String(index))
        }
        offset = text.upperBound
        return .text(classes, text)
    }
}

extension Float {
    /// The bytes that it takes as a field; none for zero, which is what a missing one means.
    fileprivate var fieldByteCount: Int { bitPattern == 0 ? 0 : ProtobufSize.tag + 4 }
}

/// Encodes a MultiInferenceResponse of the encoded results of its tasks.
package struct TensorFlowTasksAnswer: Sendable {
    private let results: [[UInt8]]
    /// The bytes of the whole message, exactly.
    package let byteCount: Int

    /// Measures the message out.
    ///
    /// - Throws: `tooLarge` when it takes more than `maxBytes`, `invalidArgument` when it takes more than a message can.
    package init(_ results: [[UInt8]], maxBytes: Int) throws(InferenceError) {
        self.results = results
        self.byteCount = results.reduce(0) { $0 + ProtobufSize.field(byteCount: $1.count) }
        try V2MessageEncoder.check(byteCount, maxBytes: maxBytes)
    }

    /// Writes the message; the span has room for `byteCount` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = ProtobufWriter(span)
        for result in results {
            writer.header(1, byteCount: result.count)
            writer.bytes(result)
        }
        span = writer.finish()
    }
}
