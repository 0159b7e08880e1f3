/// Memory that a client shares with the server by name, so that tensors needn't travel through a connection.
///
/// A region that a request uses stays until the request ends, whatever is unregistered meanwhile. Its owner may shorten
/// it at any time: each read and write says so with an error.
package protocol SharedMemoryRegions: Sendable {
    /// What is registered, sorted by name.
    ///
    /// - Parameter name: The region asked for; `nil` for all.
    /// - Returns: One region or all.
    /// - Throws: `notFound` for a region that isn't registered.
    func status(of name: String?) throws(InferenceError) -> [SharedMemoryStatus]

    /// Opens a region and keeps it by its name.
    ///
    /// - Throws: `unsupported` unless the server allows it, `alreadyExists` for a name in use, `invalidArgument` for a
    ///   key that can't be opened or is shorter than it says.
    func register(_ region: SharedMemoryStatus) throws(InferenceError)

    /// Forgets a region; `nil` forgets all.
    ///
    /// - Throws: `unsupported` unless the server allows it.
    func unregister(_ name: String?) throws(InferenceError)

    /// A part of a region, checked against its bounds.
    ///
    /// - Throws: `notFound` for a region that isn't registered, `invalidArgument` for a part that leaves it.
    func part(of name: String, offset: UInt64, byteCount: UInt64) throws(InferenceError) -> SharedMemoryPart
}

/// A region as it was registered.
package struct SharedMemoryStatus: Sendable, Hashable {
    /// What requests call it.
    package let name: String
    /// What the system calls the memory: a POSIX name such as `/input`.
    package let key: String
    /// Where in the memory the region begins, in bytes.
    package let offset: UInt64
    /// How long it is, in bytes.
    package let byteSize: UInt64

    /// Describes a region.
    package init(name: String, key: String, offset: UInt64, byteSize: UInt64) {
        self.name = name
        self.key = key
        self.offset = offset
        self.byteSize = byteSize
    }
}

/// Open memory of a client.
package protocol SharedMemory: AnyObject, Sendable {
    /// Fills a tensor's memory from a place.
    ///
    /// - Throws: `invalidArgument` when the memory has become shorter.
    func read(into storage: TensorStorage, from offset: Int) throws(InferenceError)
    /// Writes a tensor's bytes to a place.
    ///
    /// - Throws: `invalidArgument` when the memory has become shorter.
    func write(_ storage: TensorStorage, to offset: Int) throws(InferenceError)
}

/// A part of a region that a request uses; keeps the memory open.
package struct SharedMemoryPart: Sendable {
    /// The region's name.
    package let region: String
    /// How long the part is, in bytes.
    package let byteCount: Int
    private let memory: any SharedMemory
    /// Where it begins in the memory.
    private let offset: Int

    /// Takes a part whose bounds have been checked.
    package init(of memory: any SharedMemory, region: String, offset: Int, byteCount: Int) {
        self.region = region
        self.byteCount = byteCount
        self.memory = memory
        self.offset = offset
    }

    /// A copy of the part in a request's memory.
    ///
    /// - Throws: `resourceExhausted` without memory, `invalidArgument` when the region has become shorter.
    package func read(alignment: Int, memory: inout RequestMemory) throws(InferenceError) -> TensorStorage {
        let storage = try memory.allocate(byteCount: byteCount, alignment: alignment)
        try self.memory.read(into: storage, from: offset)
        return storage
    }

    /// Writes an output into the part.
    ///
    /// - Throws: `invalidArgument` when it doesn't fit, or when the region has become shorter.
    package func write(_ storage: TensorStorage, output: String) throws(InferenceError) {
        guard storage.byteCount <= byteCount else {
            throw InferenceError(
                .invalidArgument,
                "shared memory size specified with the request for output '\(output)' (\(byteCount) bytes) should be "
                    + "at least \(storage.byteCount) bytes to hold the results",
                field: output,
                expected: "\(storage.byteCount) bytes or more",
                got: "\(byteCount) bytes"
            )
        }
        try memory.write(storage, to: offset)
    }
}

/// Shared memory of a server that allows none.
package struct NoSharedMemory: SharedMemoryRegions {
    /// Makes it; it has no state.
    package init() {}

    package func status(of name: String?) throws(InferenceError) -> [SharedMemoryStatus] {
        if let name { throw InferenceError.unknownRegion(name) }
        return []
    }

    package func register(_ region: SharedMemoryStatus) throws(InferenceError) {
        throw InferenceError.sharedMemoryIsOff
    }

    package func unregister(_ name: String?) throws(InferenceError) {
        throw InferenceError.sharedMemoryIsOff
    }

    package func part(of name: String, offset: UInt64, byteCount: UInt64) throws(InferenceError) -> SharedMemoryPart {
        throw InferenceError.unknownRegion(name)
    }
}

extension InferenceError {
    /// The refusal of registrations, in Triton's words.
    package static var sharedMemoryIsOff: InferenceError {
        InferenceError(
            .unsupported,
            "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."
        )
    }

    /// The refusal of a name that nobody registered, in Triton's words.
    package static func unknownRegion(_ name: String) -> InferenceError {
        InferenceError(
            .notFound,
            "Unable to find shared memory region: '\(name)'",
            field: "shared_memory_region",
            got: name
        )
    }

    /// The refusal of GPU memory.
    package static var cudaSharedMemoryIsUnsupported: InferenceError {
        InferenceError(
            .unsupported,
            "CUDA shared memory isn't supported by this server: use system shared memory, or send tensors in the request"
        )
    }
}
