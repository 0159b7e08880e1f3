internal import ApusCore
internal import CLinux
internal import Glibc
internal import Synchronization

/// The regions of system memory that clients share.
///
/// Memory is never mapped: tensors are read and written through the descriptor, so that one that its owner truncates is a
/// short read instead of a signal. Names lead nowhere but into the system's folder for such memory, links aren't followed.
final class ClientSharedMemory: SharedMemoryRegions {
    /// The most regions at once.
    static let maxRegions = 4096
    /// Keys that other parts of model servers use.
    static let reservedPrefixes = ["triton_python_backend_shm_region_", "apus_"]

    private struct Region {
        let status: SharedMemoryStatus
        let memory: OpenSharedMemory
    }

    private let regions = Mutex<[String: Region]>([:])
    private let prefixes: [String]
    private let folder: String

    /// Starts without regions.
    ///
    /// - Parameters:
    ///   - prefixes: What keys must begin with; any key when empty.
    ///   - folder: Where the system keeps such memory.
    init(prefixes: [String], folder: String = "/dev/shm") {
        self.prefixes = prefixes.map { String($0.drop { $0 == "/" }) }
        self.folder = folder
    }

    func status(of name: String?) throws(InferenceError) -> [SharedMemoryStatus] {
        let all = regions.withLock { $0.values.map(\.status) }
        guard let name else { return all.sorted { $0.name < $1.name } }
        guard let found = all.first(where: { $0.name == name }) else { throw InferenceError.unknownRegion(name) }
        return [found]
    }

    func register(_ region: SharedMemoryStatus) throws(InferenceError) {
        guard !region.name.isEmpty, region.name.utf8.count <= 255 else {
            throw refusal(of: region, "a region's name has 1 to 255 bytes")
        }
        let memory = try OpenSharedMemory(try key(of: region), folder: folder, region: region)
        let refusal = regions.withLock { regions -> InferenceError? in
            guard regions[region.name] == nil else {
                return InferenceError(
                    .alreadyExists,
                    "shared memory region '\(region.name)' already in manager",
                    field: "name",
                    hint: "unregister it first"
                )
            }
            guard regions.count < ClientSharedMemory.maxRegions else {
                return self.refusal(of: region, "\(ClientSharedMemory.maxRegions) regions are registered already")
            }
            regions[region.name] = Region(status: region, memory: memory)
            return nil
        }
        if let refusal { throw refusal }
    }

    func unregister(_ name: String?) throws(InferenceError) {
        // What is let go closes its descriptor, outside of the lock.
        let gone = regions.withLock { regions -> [Region] in
            guard let name else {
                defer { regions = [:] }
                return Array(regions.values)
            }
            return regions.removeValue(forKey: name).map { [$0] } ?? []
        }
        _ = consume gone
    }

    func part(of name: String, offset: UInt64, byteCount: UInt64) throws(InferenceError) -> SharedMemoryPart {
        guard let region = regions.withLock({ $0[name] }) else { throw InferenceError.unknownRegion(name) }
        let (end, overflow) = offset.addingReportingOverflow(byteCount)
        guard !overflow, end <= region.status.byteSize,
            let start = Int(exactly: region.status.offset + offset), let count = Int(exactly: byteCount)
        else {
            throw InferenceError(
                .invalidArgument,
                "Invalid offset + byte size for shared memory region: '\(name)'",
                field: "shared_memory_byte_size",
                expected: "offset and byte size within the region's \(region.status.byteSize) bytes",
                got: "\(byteCount) bytes from \(offset)"
            )
        }
        return SharedMemoryPart(of: region.memory, region: name, offset: start, byteCount: count)
    }

    /// The name of the memory in its folder.
    private func key(of region: SharedMemoryStatus) throws(InferenceError) -> String {
        let key = region.key.hasPrefix("/") ? String(region.key.dropFirst()) : region.key
        if let prefix = ClientSharedMemory.reservedPrefixes.first(where: { key.hasPrefix($0) }) {
            throw refusal(of: region, "the key '\(region.key)' contains the reserved prefix '\(prefix)'")
        }
        guard ModelName(key) != nil else {
            let rule = "1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-', after at most one '/'"
            throw refusal(of: region, "its key must be \(rule)")
        }
        guard prefixes.isEmpty || prefixes.contains(where: { key.hasPrefix($0) }) else {
            let words = prefixes.joined(separator: ", ")
            throw refusal(of: region, "keys must begin with one of \(words) here (--client-shm-prefix)")
        }
        return key
    }

    private func refusal(of region: SharedMemoryStatus, _ reason: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "cannot register shared memory region '\(region.name)': \(reason)",
            field: "key",
            got: region.key
        )
    }
}

/// A client's memory, open until the last request that uses it has ended.
private final class OpenSharedMemory: SharedMemory {
    private let descriptor: Int32
    private let region: String

    /// Opens memory that is as long as it is said to be.
    init(_ key: String, folder: String, region: SharedMemoryStatus) throws(InferenceError) {
        let parent = unsafe open(folder, CLinux_pathOnly() | O_DIRECTORY | O_CLOEXEC)
        defer { _ = close(parent) }
        let flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let opened = parent < 0 ? -1 : unsafe CLinux_openWithoutLinks(parent, key, flags)
        guard opened >= 0 else {
            let words = unsafe String(cString: CLinux_errorText(errno))
            throw InferenceError(
                .invalidArgument,
                "Unable to open shared memory region: '\(region.key)': \(words)",
                field: "key",
                got: region.key
            )
        }
        self.descriptor = opened
        self.region = region.name
        let status = CLinux_status(opened)
        let (end, overflow) = region.offset.addingReportingOverflow(region.byteSize)
        guard status.error == 0, status.kind == CLinux_isFile, !overflow, region.byteSize > 0,
            let length = UInt64(exactly: status.byteCount), end <= length
        else {
            throw InferenceError(
                .invalidArgument,
                "failed to register shared memory region '\(region.name)': its memory '\(region.key)' has "
                    + "\(max(0, status.byteCount)) bytes, and \(region.byteSize) from \(region.offset) were asked for",
                field: "byte_size"
            )
        }
    }

    func read(into storage: TensorStorage, from offset: Int) throws(InferenceError) {
        let count = unsafe storage.withUnsafeMutableBytes { memory in
            OpenSharedMemory.move(memory.count) { done in
                let rest = unsafe memory.baseAddress.map { unsafe $0 + done }
                return unsafe pread(descriptor, rest, memory.count - done, offset + done)
            }
        }
        guard count == storage.byteCount else { throw tooShort(storage.byteCount, offset) }
    }

    func write(_ storage: TensorStorage, to offset: Int) throws(InferenceError) {
        // A write behind the end would make the memory longer instead of failing.
        guard CLinux_status(descriptor).byteCount >= Int64(offset + storage.byteCount) else {
            throw tooShort(storage.byteCount, offset)
        }
        let count = unsafe storage.withUnsafeBytes { memory in
            OpenSharedMemory.move(memory.count) { done in
                let rest = unsafe memory.baseAddress.map { unsafe $0 + done }
                return unsafe pwrite(descriptor, rest, memory.count - done, offset + done)
            }
        }
        guard count == storage.byteCount else { throw tooShort(storage.byteCount, offset) }
    }

    /// Moves bytes until all are moved or no more can be; returns how many were.
    private static func move(_ byteCount: Int, _ step: (Int) -> Int) -> Int {
        var done = 0
        while done < byteCount {
            let count = step(done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return done }
            done += count
        }
        return done
    }

    private func tooShort(_ byteCount: Int, _ offset: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "shared memory region '\(region)' no longer has the \(byteCount) bytes from \(offset) on: its owner has made "
                + "it shorter since it was registered",
            field: "shared_memory_region",
            got: region
        )
    }

    deinit {
        _ = close(descriptor)
    }
}
