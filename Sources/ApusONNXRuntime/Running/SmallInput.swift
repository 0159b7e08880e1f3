internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime

/// A value that an instance keeps for one small input, filled anew at each run.
///
/// Wrapping memory costs the library about 105 ns for a value; copying some hundred bytes costs less than ten.
@safe struct SmallInput: ~Copyable {
    /// Inputs up to this size are copied, larger ones wrapped.
    static let maxByteCount = 4_096

    private let session: SessionHandle
    private var value: OpaquePointer?
    private var memory: UnsafeMutableRawPointer?
    private var shape = TensorShape.scalar
    private var byteCount = 0

    /// Starts without a value.
    init(_ session: SessionHandle) {
        self.session = session
        unsafe self.value = nil
        unsafe self.memory = nil
    }

    deinit {
        if let value = unsafe value { unsafe CONNXRuntime_releaseValue(session.api, value) }
    }

    /// Whether an address lies in this value's memory.
    func contains(_ address: UnsafeRawPointer) -> Bool {
        guard let memory = unsafe memory else { return false }
        return unsafe address >= UnsafeRawPointer(memory) && address < UnsafeRawPointer(memory + max(1, byteCount))
    }

    /// Copies a tensor into the value; makes a new one when the shape isn't that of the last run.
    mutating func fill(_ tensor: Tensor) throws(EngineError) -> OpaquePointer {
        let kept: OpaquePointer
        if let value = unsafe value, shape == tensor.shape {
            unsafe kept = unsafe value
        } else {
            unsafe kept = try unsafe replace(tensor)
        }
        if let memory = unsafe memory {
            unsafe tensor.storage.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                unsafe memory.copyMemory(from: start, byteCount: min(bytes.count, byteCount))
            }
        }
        return unsafe kept
    }

    /// Makes a value of the tensor's shape.
    private mutating func replace(_ tensor: Tensor) throws(EngineError) -> OpaquePointer {
        if let old = unsafe value { unsafe CONNXRuntime_releaseValue(session.api, old) }
        unsafe value = nil
        unsafe memory = nil
        let fresh = try unsafe TensorValue.make(tensor.dataType, tensor.shape, session)
        do throws(EngineError) {
            unsafe memory = try unsafe TensorValue.memory(of: fresh, session)
        } catch {
            unsafe CONNXRuntime_releaseValue(session.api, fresh)
            throw error
        }
        unsafe value = unsafe fresh
        shape = tensor.shape
        byteCount = tensor.storage.byteCount
        return unsafe fresh
    }
}
