package import ApusStorage
internal import Synchronization

/// A file system in memory that keeps apart what was synced from what wasn't, and whose power can be cut at any operation.
///
/// `afterPowerCut(seed:)` gives a disk as a real one might be found: of writes that weren't synced any may be missing, in
/// any order, each in whole blocks or a part of them; of new, renamed and removed names in folders that weren't synced any
/// may be missing, each whole. It is harsher than most file systems, and allows nothing that POSIX rules out.
package final class SimulatedDisk: FileSystem {
    private let state: Mutex<SimulatedDiskState>

    /// Starts with an empty root folder.
    ///
    /// - Parameters:
    ///   - ignoresSyncs: Syncs do nothing, to show that a check has teeth.
    ///   - ignoredSync: The sync of this number (1 is the first after `cut(at:)`) does nothing, to show the same of one.
    package convenience init(ignoresSyncs: Bool = false, ignoredSync: Int? = nil) {
        var state = SimulatedDiskState()
        state.ignoresSyncs = ignoresSyncs
        state.ignoredSync = ignoredSync
        self.init(state)
    }

    private init(_ state: SimulatedDiskState) {
        self.state = Mutex(state)
    }

    // MARK: - Power

    /// Counts operations from now on and has the k-th (1 is the next) and all after it fail.
    package func cut(at operation: Int) {
        state.withLock { state in
            state.operationCount = 0
            state.syncCount = 0
            state.cutAt = operation
        }
    }

    /// Whether an operation failed because the power is off.
    package var isOff: Bool { state.withLock { $0.isOff } }

    /// How many operations there were since the start or the last `cut(at:)`.
    package var operationCount: Int { state.withLock { $0.operationCount } }

    /// How many syncs there were in the same time.
    package var syncCount: Int { state.withLock { $0.syncCount } }

    /// The disk as it may be found when the power comes back; this one stays as it is.
    package func afterPowerCut(seed: UInt64) -> SimulatedDisk {
        var generator = SeededGenerator(seed: seed)
        return SimulatedDisk(state.withLock { $0.afterPowerCut(&generator) })
    }

    /// The disk as another process finds it after the one that used it was killed: nothing is lost, locks end.
    package func afterKill() -> SimulatedDisk {
        SimulatedDisk(state.withLock { $0.afterKill() })
    }

    /// Makes everything durable, as if much time had passed.
    package func settle() {
        state.withLock { $0.settle() }
    }

    /// Changes a file behind everybody's back; durable at once.
    package func damage(_ path: String, _ change: (inout [UInt8]) -> Void) throws(StorageError) {
        let file = try openForReading(path)
        var bytes = try file.readAll(byteLimit: .max)
        change(&bytes)
        let damaged = bytes
        try perform { state throws(StorageError) in
            let node = try state.find(path, "damaged")
            state.nodes[node]?.bytes = damaged
            state.nodes[node]?.syncedBytes = damaged
            state.nodes[node]?.pending = []
        }
    }

    // MARK: - FileSystem

    package func open(_ path: String, _ mode: FileOpening) throws(StorageError) -> any WritableFile {
        try perform { state throws(StorageError) in
            SimulatedFile(disk: self, node: try state.open(path, mode), path: path)
        }
    }

    package func openForReading(_ path: String) throws(StorageError) -> any ReadableFile {
        try perform { state throws(StorageError) in
            SimulatedFile(disk: self, node: try state.open(path, .existing), path: path)
        }
    }

    package func status(of path: String) throws(StorageError) -> FileStatus? {
        try perform { state throws(StorageError) in state.status(of: path) }
    }

    package func names(in folder: String) throws(StorageError) -> [String] {
        try perform { state throws(StorageError) in
            let node = try state.findFolder(folder, "listed")
            return (state.nodes[node]?.names.keys).map(Array.init)?
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } ?? []
        }
    }

    package func makeFolder(_ path: String) throws(StorageError) {
        try perform { state throws(StorageError) in try state.makeFolder(path) }
    }

    package func rename(_ path: String, to newPath: String, isExclusive: Bool) throws(StorageError) {
        try perform { state throws(StorageError) in try state.rename(path, newPath, isExclusive) }
    }

    package func removeFile(_ path: String) throws(StorageError) {
        try perform { state throws(StorageError) in try state.remove(path, isFolder: false) }
    }

    package func removeFolder(_ path: String) throws(StorageError) {
        try perform { state throws(StorageError) in try state.remove(path, isFolder: true) }
    }

    package func syncFolder(_ path: String) throws(StorageError) {
        try perform { state throws(StorageError) in
            let node = try state.findFolder(path, "synced")
            if state.countSync() { state.syncFolder(node) }
        }
    }

    package func lock(_ path: String, _ mode: LockMode) throws(StorageError) -> (any Sendable)? {
        try perform { state throws(StorageError) in
            let node = try state.open(path, .either)
            let holders = state.locks[node, default: []]
            guard mode == .shared ? !holders.contains(false) : holders.isEmpty else {
                if mode == .exclusiveIfFree { return nil }
                throw StorageError(.inUse, "'\(path)' is locked, and on a simulated disk nobody can wait for it")
            }
            state.locks[node, default: []].append(mode == .shared)
            return SimulatedLock { self.unlock(node, isShared: mode == .shared) }
        }
    }

    private func unlock(_ node: Int, isShared: Bool) {
        state.withLock { $0.unlock(node, isShared: isShared) }
    }

    // MARK: - Files

    /// Does something with an open file's node.
    func perform<Value>(
        _ body: (inout SimulatedDiskState) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        // Not `try` inside the lock: it takes no typed throws of another kind.
        let outcome: Result<Value, StorageError> = state.withLock { state in
            state.operationCount += 1
            if let cut = state.cutAt, state.operationCount >= cut { state.isOff = true }
            guard !state.isOff else { return .failure(StorageError(.system, "the power is off")) }
            do throws(StorageError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Makes a file's bytes durable.
    func syncFile(_ node: Int) throws(StorageError) {
        try perform { state throws(StorageError) in
            if state.countSync() { state.syncFile(node) }
        }
    }
}

/// A lock of a simulated disk.
private final class SimulatedLock: Sendable {
    private let release: @Sendable () -> Void

    init(release: @escaping @Sendable () -> Void) {
        self.release = release
    }

    deinit {
        release()
    }
}

/// An open file of a simulated disk.
final class SimulatedFile: WritableFile {
    private let disk: SimulatedDisk
    private let node: Int
    private let path: String

    /// Opens a node.
    init(disk: SimulatedDisk, node: Int, path: String) {
        self.disk = disk
        self.node = node
        self.path = path
    }

    func byteCount() throws(StorageError) -> Int {
        try disk.perform { state throws(StorageError) in state.nodes[node]?.bytes.count ?? 0 }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        let count = buffer.count
        let piece = try disk.perform { state throws(StorageError) in
            Array((state.nodes[node]?.bytes ?? []).dropFirst(offset).prefix(count))
        }
        unsafe buffer.copyBytes(from: piece)
        return piece.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        let added = unsafe Array(bytes)
        try disk.perform { state throws(StorageError) in state.write(.bytes(added, offset), to: node) }
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        try disk.perform { state throws(StorageError) in state.write(.size(byteCount), to: node) }
    }

    func sync() throws(StorageError) {
        try disk.syncFile(node)
    }
}
