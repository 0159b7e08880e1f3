import ApusCore

extension ImageInput {
    /// An input that takes the values as they are.
    static func plain(
        _ width: Int,
        _ height: Int,
        _ color: Color = .rgb,
        layout: Layout = .nhwc,
        dataType: DataType = .uint8
    ) -> ImageInput {
        let size = dataType.byteSize ?? 1
        let elements = (0...255).flatMap { value in
            (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let shape = layout == .nhwc ? [height, width, color.channels] : [color.channels, height, width]
        return ImageInput(
            input: TensorSpecification(name: "x", dataType: dataType, shape: shape),
            shape: TensorShape(shape)!,
            size: (width, height),
            layout: layout,
            color: color,
            elements: [[UInt8]](repeating: elements, count: color.channels)
        )
    }
}

extension Tensor {
    /// Its bytes.
    var contents: [UInt8] { unsafe storage.withUnsafeBytes { unsafe Array($0) } }
}
