internal import ApusCore

extension ConfiguredTensors {
    /// The narrower of two opinions on a tensor.
    func agree(
        _ wish: TensorSpecification,
        with model: TensorSpecification,
        kind: String,
        place: String
    ) throws(ModelError) -> TensorSpecification {
        guard wish.dataType == model.dataType else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): \(kind) '\(model.name)' is \(model.dataType.rawValue) in the model, but the configuration "
                    + "says \(wish.dataType.rawValue)"
            )
        }
        let inner = modelShape(model.name) ?? wish.shape
        let fits =
            inner.count == model.shape.count
            && zip(inner, model.shape).allSatisfy { $0 == $1 || $1 == -1 || $0 == -1 }
        guard fits else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): \(kind) '\(model.name)' has the shape \(text(model.shape)) in the model, but the "
                    + "configuration says \(text(inner)) (with the batch dimension, if there is one)"
            )
        }
        return TensorSpecification(
            name: model.name,
            dataType: model.dataType,
            shape: modelShape(model.name) == nil
                ? zip(wish.shape, model.shape).map { $0 == -1 ? $1 : $0 } : wish.shape,
            isOptional: model.isOptional
        )
    }

    private func text(_ shape: [Int]) -> String {
        "[\(shape.map(String.init).joined(separator: ","))]"
    }
}
