internal import ApusCore

/// Makes a dimension of a tensor longer or shorter; for types whose elements have a fixed size.
enum AxisTensors {
    /// Larger tensors aren't filled up: it would hold an event loop up for longer than 8 ms.
    static let maxBytes = 16 << 20

    /// The bytes of a tensor with another size of one dimension; `nil` when it isn't one that `fill` makes.
    static func byteCount(_ tensor: Tensor, axis: Int, size: Int) -> Int? {
        guard let shape = shape(tensor, axis: axis, size: size), tensor.shape.elementCount > 0,
            tensor.shape[axis] < size, let byteCount = shape.byteCount(of: tensor.dataType),
            byteCount <= maxBytes
        else { return nil }
        return byteCount
    }

    /// A copy that is longer in one dimension, one element repeated behind what is there.
    ///
    /// - Returns: `nil` when it would be too large, there is no memory, or the element is of another type.
    static func fill(
        _ tensor: Tensor,
        axis: Int,
        to size: Int,
        with element: [UInt8],
        allocator: any TensorAllocator
    ) -> Tensor? {
        guard let byteCount = byteCount(tensor, axis: axis, size: size),
            let shape = shape(tensor, axis: axis, size: size),
            let width = tensor.dataType.byteSize, element.count == width,
            let storage = allocator.allocate(byteCount: byteCount, alignment: tensor.dataType.alignment)
        else { return nil }
        let step = tensor.shape.dimensions[(axis + 1)...].reduce(width, *)
        let own = tensor.shape[axis] * step
        let full = size * step
        unsafe storage.withUnsafeMutableBytes { memory in
            for place in stride(from: own, to: full, by: width) {
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[place..<place + width]).copyBytes(from: element)
            }
            unsafe tensor.storage.withUnsafeBytes { bytes in
                for row in 0..<byteCount / full {
                    let start = row * full
                    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + own])
                    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[row * own..<(row + 1) * own]))
                    guard row > 0 else { continue }
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start + own..<start + full])
                    unsafe rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[own..<full]))
                }
            }
        }
        return Tensor(dataType: tensor.dataType, shape: shape, storage: storage)
    }

    /// The beginning of a tensor in one dimension; borrows its memory where it lies together there.
    ///
    /// - Returns: `nil` when the tensor isn't so long, or there is no memory.
    static func cut(_ tensor: Tensor, axis: Int, to length: Int, allocator: any TensorAllocator) -> Tensor? {
        let dimensions = tensor.shape.dimensions
        guard let shape = shape(tensor, axis: axis, size: length), length <= dimensions[axis],
            let width = tensor.dataType.byteSize, let byteCount = shape.byteCount(of: tensor.dataType)
        else { return nil }
        if length == dimensions[axis] { return tensor }
        let count = dimensions[..<axis].reduce(1, *)
        if count == 1 {
            let part = tensor.storage.part(0..<byteCount)
            return part.map { Tensor(dataType: tensor.dataType, shape: shape, storage: $0) }
        }
        guard let storage = allocator.allocate(byteCount: byteCount, alignment: tensor.dataType.alignment) else {
            return nil
        }
        let step = dimensions[(axis + 1)...].reduce(width, *)
        let full = dimensions[axis] * step
        let own = length * step
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe tensor.storage.withUnsafeBytes { bytes in
                for row in 0..<count {
                    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[row * own..<(row + 1) * own])
                    let source = unsafe UnsafeRawBufferPointer(rebasing: bytes[row * full..<row * full + own])
                    unsafe target.copyMemory(from: source)
                }
            }
        }
        return Tensor(dataType: tensor.dataType, shape: shape, storage: storage)
    }

    private static func shape(_ tensor: Tensor, axis: Int, size: Int) -> TensorShape? {
        var dimensions = tensor.shape.dimensions
        guard dimensions.indices.contains(axis) else { return nil }
        dimensions[axis] = size
        return TensorShape(dimensions)
    }
}
