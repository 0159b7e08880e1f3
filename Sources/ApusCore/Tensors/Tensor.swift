/// Element type, shape and memory of one tensor.
///
/// Elements lie little-endian, row-major, without padding. BYTES elements are each a 4-byte little-endian length and
/// that many bytes (the v2 raw encoding), so that they travel unchanged from the wire to the engine's door.
package struct Tensor: Sendable {
    /// The element type.
    package let dataType: DataType
    /// The shape; its element count matches the storage.
    package let shape: TensorShape
    /// The bytes.
    package let storage: TensorStorage

    /// Puts the parts together; the caller has checked that the storage is as long as type and shape say.
    package init(dataType: DataType, shape: TensorShape, storage: TensorStorage) {
        self.dataType = dataType
        self.shape = shape
        self.storage = storage
    }
}

/// A tensor and its name in the model.
package struct NamedTensor: Sendable {
    /// The input's or output's name.
    package let name: String
    /// The tensor.
    package let tensor: Tensor

    /// Names a tensor.
    package init(name: String, tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}
