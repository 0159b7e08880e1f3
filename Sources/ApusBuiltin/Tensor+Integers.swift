internal import ApusCore
internal import ApusEngine

extension Tensor {
    /// A tensor of 32-bit integers in memory of its own.
    init<Element: FixedWidthInteger & BitwiseCopyable>(
        _ type: DataType,
        _ shape: TensorShape,
        elements: [Element]
    ) throws(EngineError) {
        guard let storage = TensorStorage(byteCount: elements.count * MemoryLayout<Element>.size) else {
            throw EngineError(.outOfMemory, "there is no memory for an output of \(elements.count) elements")
        }
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe elements.withUnsafeBytes { source in unsafe memory.copyMemory(from: source) }
        }
        self.init(dataType: type, shape: shape, storage: storage)
    }

    /// The element at a place; the caller knows that there is one.
    func integer<Element: FixedWidthInteger & BitwiseCopyable>(at index: Int, as type: Element.Type) -> Element {
        let offset = index * MemoryLayout<Element>.size
        return unsafe storage.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }
}

extension SessionOptions {
    /// The place of a tensor that a built-in model must have, with the type that it must have.
    ///
    /// - Throws: `invalidModel` that names it.
    func place(
        of name: String,
        _ type: DataType,
        in tensors: [TensorSpecification],
        kind: String
    ) throws(EngineError) -> Int {
        guard let place = tensors.firstIndex(where: { $0.name == name }) else {
            throw EngineError(
                .invalidModel,
                "built-in model '\(modelName)' needs an \(kind) '\(name)' of type \(type.rawValue) in its configuration"
            )
        }
        guard tensors[place].dataType == type else {
            throw EngineError(
                .invalidModel,
                "built-in model '\(modelName)' takes \(type.rawValue) for its \(kind) '\(name)', not "
                    + tensors[place].dataType.rawValue
            )
        }
        return place
    }
}
