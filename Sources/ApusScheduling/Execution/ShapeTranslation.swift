internal import ApusCore

/// Triton's `reshape`: the shape that clients see of a tensor and the one that the model has.
///
/// Both hold the same elements; variable sizes of one stand, in their order, for the variable sizes of the other.
package struct ShapeTranslation: Hashable, Sendable {
    private let from: [Int]
    private let to: [Int]

    /// Translates shapes that fit `from` into shapes that fit `to`; -1 in both where any size goes.
    package init(from: [Int], to: [Int]) {
        self.from = from
        self.to = to
    }

    /// The same elements in the other shape; `nil` when they don't fit.
    func translate(_ tensor: Tensor) -> Tensor? {
        let sizes = tensor.shape.dimensions
        guard sizes.count == from.count else { return nil }
        var variable = zip(from, sizes).filter { $0.0 == -1 }.map(\.1)[...]
        var target: [Int] = []
        for size in to {
            guard size == -1 else {
                target.append(size)
                continue
            }
            guard let next = variable.popFirst() else { return nil }
            target.append(next)
        }
        guard let shape = TensorShape(target), shape.elementCount == tensor.shape.elementCount else { return nil }
        return Tensor(dataType: tensor.dataType, shape: shape, storage: tensor.storage)
    }
}
