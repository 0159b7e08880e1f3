internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime

/// Owns one of the library's values while a tensor borrows its memory.
///
/// Unchecked because of the library's pointer, which is constant; releasing is safe on any thread.
@safe final class TensorValue: @unchecked Sendable {
    private let session: SessionHandle
    private let pointer: OpaquePointer

    /// Takes a value over.
    init(_ pointer: OpaquePointer, session: SessionHandle) {
        unsafe self.pointer = unsafe pointer
        self.session = session
    }

    deinit {
        unsafe CONNXRuntime_releaseValue(session.api, pointer)
    }

    /// Makes a value with memory of the library's plain allocator.
    static func make(
        _ type: DataType,
        _ shape: TensorShape,
        _ session: SessionHandle
    ) throws(EngineError)
        -> OpaquePointer
    {
        let environment = session.environment
        return try unsafe environment.library.make("make a tensor of shape \(shape)") { out in
            unsafe withDimensions(shape) { dimensions, rank in
                unsafe CONNXRuntime_createValue(
                    session.api,
                    environment.allocator,
                    dimensions,
                    rank,
                    ElementType.code(of: type),
                    out
                )
            }
        }
    }

    /// Makes a value that reads a tensor's own memory, which must outlive it.
    static func wrap(_ tensor: Tensor, _ session: SessionHandle) throws(EngineError) -> OpaquePointer {
        let environment = session.environment
        return try unsafe environment.library.make("wrap a tensor of shape \(tensor.shape)") { out in
            unsafe tensor.storage.withUnsafeMutableBytes { bytes in
                unsafe withDimensions(tensor.shape) { dimensions, rank in
                    unsafe CONNXRuntime_wrapMemory(
                        session.api,
                        environment.memoryInfo,
                        bytes.baseAddress!,
                        bytes.count,
                        dimensions,
                        rank,
                        ElementType.code(of: tensor.dataType),
                        out
                    )
                }
            }
        }
    }

    /// Makes a value with a copy of a tensor whose memory isn't aligned for its type.
    static func copy(_ tensor: Tensor, _ session: SessionHandle) throws(EngineError) -> OpaquePointer {
        let value = try unsafe make(tensor.dataType, tensor.shape, session)
        do throws(EngineError) {
            if let memory = try unsafe memory(of: value, session) {
                unsafe tensor.storage.withUnsafeBytes { bytes in
                    guard let start = bytes.baseAddress else { return }
                    unsafe memory.copyMemory(from: start, byteCount: bytes.count)
                }
            }
        } catch {
            unsafe CONNXRuntime_releaseValue(session.api, value)
            throw error
        }
        return unsafe value
    }

    /// Where a value's elements lie; may be nothing when there are none.
    static func memory(
        of value: OpaquePointer,
        _ session: SessionHandle
    ) throws(EngineError)
        -> UnsafeMutableRawPointer?
    {
        var memory: UnsafeMutableRawPointer?
        let status = unsafe CONNXRuntime_tensorMemory(session.api, value, &memory)
        if let status = unsafe status {
            throw EngineError("find a tensor's memory", unsafe session.environment.library.takeFailure(status))
        }
        return unsafe memory
    }

    /// Lends a shape in the library's form.
    private static func withDimensions<Result>(
        _ shape: TensorShape,
        _ body: (UnsafePointer<Int64>?, Int) -> Result
    ) -> Result {
        unsafe shape.withUnsafeDimensions { sizes in
            unsafe sizes.withMemoryRebound(to: Int64.self) { unsafe body($0.baseAddress, $0.count) }
        }
    }
}
