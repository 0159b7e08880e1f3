internal import Glibc

/// The memory of one tensor: where it lies, how long it is, and who lets it go.
///
/// Written once while it has a single owner (a decoder or an engine), read only from then on; that is what makes it
/// `Sendable`. It is the one place outside the engines where tensor bytes are touched through a pointer.
@safe package final class TensorStorage: @unchecked Sendable {
    private enum Release {
        case free
        case owner(AnyObject)
        case closure(@Sendable () -> Void)
    }

    private let base: UnsafeMutableRawPointer
    private let release: Release
    /// Length in bytes.
    package let byteCount: Int

    /// Takes memory from the heap, not zeroed; `nil` when there is none left, instead of ending the process.
    ///
    /// - Parameters:
    ///   - byteCount: Length in bytes, already charged to a budget.
    ///   - alignment: A power of two; the start's address is a multiple of it.
    package init?(byteCount: Int, alignment: Int = 16) {
        let size = max(byteCount, 1)
        var memory: UnsafeMutableRawPointer?
        if alignment <= 16 {
            unsafe memory = malloc(size)
        } else if unsafe posix_memalign(&memory, alignment, size) != 0 {
            return nil
        }
        guard let memory = unsafe memory else { return nil }
        unsafe self.base = memory
        self.byteCount = byteCount
        self.release = .free
    }

    /// Borrows memory that somebody else owns and keeps that owner alive.
    package init(base: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
        unsafe self.base = unsafe base
        self.byteCount = byteCount
        self.release = .owner(owner)
    }

    /// Borrows memory and runs a closure when the last user has gone.
    package init(base: UnsafeMutableRawPointer, byteCount: Int, onRelease: @escaping @Sendable () -> Void) {
        unsafe self.base = unsafe base
        self.byteCount = byteCount
        self.release = .closure(onRelease)
    }

    deinit {
        switch release {
        case .free: unsafe free(base)
        case .owner: break
        case .closure(let run): run()
        }
    }

    /// The tensor's bytes, to read.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Lends the memory to the one who fills it, before anybody else has seen the storage.
    ///
    /// For decoders and engines; a tensor that has been handed on is never written again.
    package func withUnsafeMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
    }

    /// Lends the memory to C functions that read it.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: byteCount))
    }

    /// Storage filled with a copy of some bytes; `nil` when there is no memory.
    package convenience init?(copying source: some Collection<UInt8>) {
        self.init(byteCount: source.count)
        unsafe withUnsafeMutableBytes { memory in
            unsafe memory.copyBytes(from: source)
        }
    }

    /// Whether the start is a multiple of `alignment`.
    package func isAligned(to alignment: Int) -> Bool {
        unsafe Int(bitPattern: base) % alignment == 0
    }
}

/// Where a decoder takes tensor memory from, so that workers and devices never add a copy.
package protocol TensorAllocator: Sendable {
    /// Memory for one tensor; `nil` when there is none left.
    func allocate(byteCount: Int, alignment: Int) -> TensorStorage?
}

/// Tensor memory from the process's heap.
package struct HeapTensorAllocator: TensorAllocator {
    /// Makes the allocator; it has no state.
    package init() {}

    package func allocate(byteCount: Int, alignment: Int) -> TensorStorage? {
        TensorStorage(byteCount: byteCount, alignment: byteCount >= 4096 ? max(alignment, 64) : max(alignment, 16))
    }
}
