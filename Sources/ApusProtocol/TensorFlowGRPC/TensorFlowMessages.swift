package import ApusCore

/// A PredictRequest: which model, and where its tensors lie; nothing of them has been read.
package struct TensorFlowPredictMessage: Sendable {
    /// Which model is asked.
    package private(set) var model = TensorFlowModelSpec()
    /// Where the tensor of each input lies.
    private(set) var inputs: [String: Range<Int>] = [:]
    /// The names of the outputs wanted; empty for all.
    package private(set) var outputFilter: [String] = []

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none, and for too many tensors.
    package init(_ bytes: RawSpan, limits: InputLimits) throws(InferenceError) {
        var count = 0
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            // Looked at as they come: a list may hold as many entries as the message has bytes.
            while max(count, outputFilter.count) <= limits.maxTensors, let field = try reader.nextBytes(in: bytes) {
                switch field.number {
                case 1: try model.read(field.range, in: bytes)
                case 2:
                    let entry = try ProtobufEntry(field.range, in: bytes)
                    inputs[entry.key] = entry.value
                    count += 1
                case 3: outputFilter.append(try bytes.text(at: field.range))
                default: continue
                }
            }
        } catch {
            throw error.inferenceError
        }
        guard max(count, outputFilter.count) <= limits.maxTensors else {
            throw .tooMany(count > limits.maxTensors ? "inputs" : "output_filter", limits.maxTensors)
        }
    }
}

/// A ClassificationRequest or a RegressionRequest.
package struct TensorFlowExamplesMessage: Sendable {
    /// Which model is asked.
    package private(set) var model = TensorFlowModelSpec()
    /// Its examples.
    package let examples: TensorFlowExamples

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none, and for one without examples.
    package init(_ bytes: RawSpan) throws(InferenceError) {
        var input: Range<Int>?
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            while let field = try reader.nextBytes(in: bytes) {
                switch field.number {
                case 1: try model.read(field.range, in: bytes)
                case 2: try input.takeOnce(field.range)
                default: continue
                }
            }
        } catch {
            throw error.inferenceError
        }
        self.examples = try TensorFlowExamples(input ?? 0..<0, in: bytes)
    }
}

/// A MultiInferenceRequest: the same examples for several tasks.
package struct TensorFlowTasksMessage: Sendable {
    /// One of the tasks.
    package struct Task: Sendable {
        /// Which model is asked.
        package fileprivate(set) var model = TensorFlowModelSpec()
        /// What it is asked for.
        package fileprivate(set) var methodName = ""

        fileprivate init(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
            var reader = ProtobufReader(range)
            while let field = try reader.nextBytes(in: bytes) {
                switch field.number {
                case 1: try model.read(field.range, in: bytes)
                case 2: methodName = try bytes.text(at: field.range)
                default: continue
                }
            }
        }
    }

    /// The most tasks: there is one signature, which can be asked in two ways.
    package static let maxTasks = 2

    /// What is asked, of one model and each method once.
    package private(set) var tasks: [Task] = []
    /// The examples of all of them.
    package let examples: TensorFlowExamples

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none, tasks that don't go together, and without examples.
    package init(_ bytes: RawSpan) throws(InferenceError) {
        var input: Range<Int>?
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            while tasks.count <= TensorFlowTasksMessage.maxTasks, let field = try reader.nextBytes(in: bytes) {
                switch field.number {
                case 1: tasks.append(try Task(field.range, in: bytes))
                case 2: try input.takeOnce(field.range)
                default: continue
                }
            }
        } catch {
            throw error.inferenceError
        }
        try TensorFlowTasksMessage.check(tasks)
        self.examples = try TensorFlowExamples(input ?? 0..<0, in: bytes)
    }

    private static func check(_ tasks: [Task]) throws(InferenceError) {
        guard !tasks.isEmpty else {
            throw InferenceError(
                .invalidArgument,
                "Inference request must have at least one task",
                field: "tasks",
                expected: "a task for each of classify and regress, or for one of them"
            )
        }
        guard Set(tasks.map(\.model.name)).count == 1 else {
            throw InferenceError(
                .invalidArgument,
                "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
                field: "tasks",
                expected: "one model"
            )
        }
        guard tasks.count <= maxTasks, Set(tasks.map(\.methodName)).count == tasks.count else {
            throw InferenceError(
                .invalidArgument,
                "Duplicate evaluation of signature: \(TensorFlowSignature.name)",
                field: "tasks",
                expected: "each method once, and at most \(maxTasks) tasks"
            )
        }
    }
}

/// A GetModelMetadataRequest.
package struct TensorFlowMetadataMessage: Sendable {
    /// Which model is meant.
    package private(set) var model = TensorFlowModelSpec()
    /// How many fields are asked for.
    private var fieldCount = 0
    /// The first of them that there isn't.
    private var unknownField: String?

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none.
    package init(_ bytes: RawSpan) throws(InferenceError) {
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            while let field = try reader.nextBytes(in: bytes) {
                switch field.number {
                case 1: try model.read(field.range, in: bytes)
                case 2:
                    fieldCount += 1
                    let name = try bytes.text(at: field.range)
                    if name != TensorFlowMetadataMessage.field { unknownField = unknownField ?? name }
                default: continue
                }
            }
        } catch {
            throw error.inferenceError
        }
    }

    /// The one field that there is.
    package static let field = "signature_def"

    /// Checks what is asked for.
    ///
    /// - Throws: `invalidArgument` for nothing, and for anything but the signature.
    package func checkFields() throws(InferenceError) {
        guard fieldCount > 0 else {
            throw InferenceError(
                .invalidArgument,
                "GetModelMetadataRequest must specify at least one metadata_field",
                field: "metadata_field",
                expected: TensorFlowMetadataMessage.field
            )
        }
        guard let unknownField else { return }
        let name = unknownField.prefix(TensorFlowModelSpec.maxQuoted)
        throw InferenceError(
            .invalidArgument,
            "Metadata field \(name) is not supported",
            field: "metadata_field",
            expected: TensorFlowMetadataMessage.field,
            got: String(name)
        )
    }
}

/// A GetModelStatusRequest.
package struct TensorFlowStatusMessage: Sendable {
    /// Which model is meant.
    package private(set) var model = TensorFlowModelSpec()

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none.
    package init(_ bytes: RawSpan) throws(InferenceError) {
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            while let field = try reader.nextBytes(in: bytes) {
                if field.number == 1 { try model.read(field.range, in: bytes) }
            }
        } catch {
            throw error.inferenceError
        }
    }
}

extension Range<Int>? {
    /// Notes where a message lies that may be there once.
    ///
    /// Protobuf joins the parts of a message that comes in several; no client sends one that way, and tensors in parts
    /// would have to be put together before anything is known of their size.
    mutating func takeOnce(_ range: Range<Int>) throws(ProtobufFault) {
        guard self == nil else { throw .repeated(at: range.lowerBound) }
        self = range
    }
}

extension InferenceError {
    static func tooMany(_ field: String, _ limit: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "'\(field)' has more than \(limit) entries",
            field: field,
            expected: "at most \(limit) entries",
            got: "more"
        )
    }
}
