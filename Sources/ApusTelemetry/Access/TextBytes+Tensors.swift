internal import ApusCore

extension TextBytes {
    /// Adds a tensor as a quoted string: `"features[1,4]"`.
    mutating func append(quoting tensor: TensorSummary) {
        guard TextBytes.isPlain(tensor.name, allowingSpaces: false, limit: TextBytes.maxValueLength) else {
            append(quoting: tensor.description)
            return
        }
        append(character: "\"")
        append(plain: tensor)
        append(character: "\"")
    }

    /// Adds tensors as one value of the readable format: `features[1,4];mask[1,4]`.
    mutating func append(readable tensors: [TensorSummary]) {
        let arePlain = tensors.allSatisfy {
            TextBytes.isPlain($0.name, allowingSpaces: false, limit: TextBytes.maxValueLength)
        }
        guard arePlain else {
            append(quoting: tensors.map(\.description).joined(separator: ";"))
            return
        }
        for (position, tensor) in tensors.enumerated() {
            if position > 0 { append(character: ";") }
            append(plain: tensor)
        }
    }

    private mutating func append(plain tensor: TensorSummary) {
        append(tensor.name)
        append(character: "[")
        for position in 0..<tensor.shape.rank {
            let size = tensor.shape[position]
            if position > 0 { append(character: ",") }
            append(decimal: Int64(size))
        }
        append(character: "]")
    }
}
