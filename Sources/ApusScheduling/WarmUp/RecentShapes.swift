internal import ApusCore

/// The inputs of a request without their values.
package struct CallShape: Sendable, Equatable {
    /// One input.
    struct Input: Sendable, Equatable {
        let name: String
        let dataType: DataType
        let shape: TensorShape
        /// How long strings are together with their lengths; runs of models of text cost accordingly.
        let stringBytes: Int
    }

    /// Those that the request had, in the model's order.
    let inputs: [Input]

    /// Looks at a call of a model.
    init(_ call: ValidatedCall, of model: ModelDescription) {
        inputs = zip(model.inputs, call.inputs).compactMap { specification, tensor in
            tensor.map {
                Input(
                    name: specification.name,
                    dataType: $0.dataType,
                    shape: $0.shape,
                    stringBytes: $0.dataType == .bytes ? $0.storage.byteCount : 0
                )
            }
        }
    }

    /// A request of this shape with zeros in it; `nil` when an input would be too large.
    func zeros(byteLimit: Int) -> [NamedTensor]? {
        var tensors: [NamedTensor] = []
        for input in inputs {
            guard
                let zeros = Tensor.filled(
                    input.dataType,
                    input.shape,
                    with: .zeros,
                    stringBytes: input.stringBytes,
                    byteLimit: byteLimit
                )
            else { return nil }
            tensors.append(NamedTensor(name: input.name, tensor: zeros))
        }
        return tensors
    }
}

/// The last few kinds of requests that came to a version's engine threads, for the warm-up of its successor.
///
/// Shapes only: nothing of what a request held is kept.
struct RecentShapes: Sendable {
    /// How many are remembered.
    static let maxCount = 4

    /// The shapes, the newest last.
    private(set) var calls: [CallShape] = []
    private var keys: [UInt64] = []

    /// Whether a shape has been noted; if so, it counts as the newest.
    mutating func renew(_ key: UInt64) -> Bool {
        guard let index = keys.firstIndex(of: key) else { return false }
        if index < keys.count - 1 {
            keys.append(keys.remove(at: index))
            calls.append(calls.remove(at: index))
        }
        return true
    }

    /// A call has run.
    ///
    /// - Parameters:
    ///   - key: Equal for calls of equal shapes.
    ///   - shape: Its shape.
    mutating func note(_ key: UInt64, _ shape: CallShape) {
        guard !renew(key) else { return }
        if keys.count == RecentShapes.maxCount {
            keys.removeFirst()
            calls.removeFirst()
        }
        keys.append(key)
        calls.append(shape)
    }
}
