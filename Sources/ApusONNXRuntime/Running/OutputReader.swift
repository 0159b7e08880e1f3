internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime

/// Makes tensors of what the library answered.
///
/// Type and shape are asked of each value, though the model declares them: the library only warns when a model lies
/// about its outputs, and memory must not be read by a lie.
struct OutputReader {
    private let handle: SessionHandle
    private let outputs: [TensorSpecification]

    /// Reads outputs of one session.
    init(handle: SessionHandle, outputs: [TensorSpecification]) {
        self.handle = handle
        self.outputs = outputs
    }

    /// Takes a value over and makes a tensor that borrows its memory, or copies where it may not borrow.
    func makeTensor(
        _ value: OpaquePointer,
        _ index: Int,
        _ dimensions: UnsafeMutablePointer<Int64>,
        isForeign: (UnsafeRawPointer) -> Bool
    ) throws(EngineError) -> Tensor {
        let owner = unsafe TensorValue(value, session: handle)
        let type = outputs[index].dataType
        let shape = try unsafe makeShape(value, index, dimensions)
        guard type != .bytes else {
            let storage = try unsafe TensorValue.takeStrings(value, shape, handle)
            return withExtendedLifetime(owner) { Tensor(dataType: type, shape: shape, storage: storage) }
        }
        guard let byteCount = shape.byteCount(of: type) else { throw unreadable(index) }
        let memory = try unsafe TensorValue.memory(of: value, handle)
        guard byteCount > 0, let memory = unsafe memory else {
            guard byteCount == 0 else { throw unreadable(index) }
            return Tensor(dataType: type, shape: shape, storage: try TensorValue.makeStorage(0))
        }
        guard unsafe isForeign(UnsafeRawPointer(memory)) else {
            let storage = unsafe TensorStorage(base: memory, byteCount: byteCount, owner: owner)
            return Tensor(dataType: type, shape: shape, storage: storage)
        }
        let copy = try TensorValue.makeStorage(byteCount)
        unsafe copy.withUnsafeMutableBytes { bytes in
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: memory, count: byteCount))
        }
        return withExtendedLifetime(owner) { Tensor(dataType: type, shape: shape, storage: copy) }
    }

    /// Reads a value's shape.
    private func makeShape(
        _ value: OpaquePointer,
        _ index: Int,
        _ dimensions: UnsafeMutablePointer<Int64>
    ) throws(EngineError) -> TensorShape {
        let rank = try unsafe readShape(value, index, dimensions)
        var sizes = TensorShape.Sizes()
        for axis in 0..<rank {
            guard unsafe sizes.append(Int(dimensions[axis])) else { throw unreadable(index) }
        }
        guard let shape = sizes.shape else { throw unreadable(index) }
        return shape
    }

    /// Asks for type and shape; returns the rank.
    private func readShape(
        _ value: OpaquePointer,
        _ index: Int,
        _ dimensions: UnsafeMutablePointer<Int64>
    ) throws(EngineError) -> Int {
        let api = unsafe handle.api
        let library = handle.environment.library
        var info: OpaquePointer?
        try unsafe library.check(CONNXRuntime_valueTensorInfo(api, value, &info), "describe an output")
        guard let info = unsafe info else { throw unreadable(index) }
        defer { unsafe CONNXRuntime_releaseTensorInfo(api, info) }
        var code: Int32 = 0
        var rank = 0
        try unsafe library.check(CONNXRuntime_elementType(api, info, &code), "tell an output's type")
        try unsafe library.check(CONNXRuntime_rank(api, info, &rank), "tell an output's rank")
        guard code == ElementType.code(of: outputs[index].dataType), rank <= TensorShape.maxRank else {
            throw unreadable(index)
        }
        try unsafe library.check(CONNXRuntime_dimensions(api, info, dimensions, rank), "tell an output's shape")
        return rank
    }

    /// The error for an output that isn't what the model said.
    private func unreadable(_ index: Int) -> EngineError {
        EngineError(.runFailed, "output '\(outputs[index].name)' isn't of the type that the model declares")
    }
}
