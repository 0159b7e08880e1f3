internal import ApusCore

/// The inputs of a request without their values.
package struct CallShape: Sendable, Equatable {
    /// One input.
    struct Input: Sendable, Equatable {
        let name: String
        let dataType: DataType
        let shape: TensorShape
    }

    /// Those that the request had, in the model's order.
    let inputs: [Input]

    /// Looks at a call of a model.
    init(_ call: ValidatedCall, of model: ModelDescription) {
        inputs = zip(model.inputs, call.inputs).compactMap { specification, tensor in
            tensor.map { Input(name: specification.name, dataType: $0.dataType, shape: $0.shape) }
        }
    }
}

/// The last few kinds of requests that a version hadn't seen before, for the warm-up of its successor.
///
/// Shapes only: nothing of what a request held is kept.
struct RecentShapes: Sendable {
    /// How many are remembered.
    static let maxCount = 4

    /// The shapes, the newest last.
    private(set) var calls: [CallShape] = []
    private var keys: [UInt64] = []

    /// A call has run.
    ///
    /// - Parameters:
    ///   - key: Equal for calls of equal shapes.
    ///   - shape: Makes the shape, if it's new.
    mutating func note(_ key: UInt64, _ shape: () -> CallShape) {
        guard !keys.contains(key) else { return }
        if keys.count == RecentShapes.maxCount {
            keys.removeFirst()
            calls.removeFirst()
        }
        keys.append(key)
        calls.append(shape())
    }
}
