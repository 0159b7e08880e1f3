internal import Crypto
internal import Dispatch
internal import Synchronization

/// Hashes and syncs a file while it is being fetched, and has it written down how far it is: all of that is done when the
/// last byte comes, or nearly.
final class FileFollower: Sendable {
    private struct State {
        var hasher = SHA256()
        var hashed = 0
        var failure: StorageError?
    }

    private let file: any WritableFile
    private let stepByteCount: Int
    private let note: @Sendable (Int) throws(StorageError) -> Void
    private let state = Mutex(State())
    /// `nil` when everything is done by the thread that fetches.
    private let queue: DispatchQueue?
    private let latest: Atomic<Int>
    private let scheduled: Atomic<Int>

    /// Follows a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - configuration: How often, and on which thread.
    ///   - resumeOffset: How many bytes it has already.
    ///   - note: Writes down how many bytes are synced.
    init(
        _ file: any WritableFile,
        _ configuration: VersionCache.Configuration,
        resumeOffset: Int,
        note: @escaping @Sendable (Int) throws(StorageError) -> Void
    ) {
        self.file = file
        self.stepByteCount = configuration.stepByteCount
        self.note = note
        self.queue = configuration.followsOnAnotherThread ? DispatchQueue(label: "apus-fetched") : nil
        self.latest = Atomic(resumeOffset)
        self.scheduled = Atomic(resumeOffset)
    }

    /// More bytes are there; called by one thread at a time.
    func reached(_ offset: Int) {
        latest.store(offset, ordering: .relaxed)
        guard offset - scheduled.load(ordering: .relaxed) >= stepByteCount else { return }
        scheduled.store(offset, ordering: .relaxed)
        if let queue {
            queue.async { self.follow(offset) }
        } else {
            follow(offset)
        }
    }

    /// No more will come, and what is there is of no use: nothing is read, synced or written down after this.
    func stop() {
        queue?.sync {}
    }

    /// No more will come this time: what is there is synced and written down.
    func interrupted() throws(StorageError) {
        stop()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let offset = latest.load(ordering: .relaxed)
        try file.sync()
        try note(offset)
    }

    /// All is there: it is synced, and this is its digest.
    func finish(_ byteCount: Int) throws(StorageError) -> SHA256Digest {
        stop()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try hash(to: byteCount)
        try file.sync()
        return SHA256Digest(state.withLock { $0.hasher }.finalize())
    }

    private func follow(_ offset: Int) {
        do throws(StorageError) {
            try hash(to: offset)
            try file.sync()
            try note(offset)
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    /// Reads on in the file, one thread at a time: the queue's, or when that is done the one that fetched.
    private func hash(to end: Int) throws(StorageError) {
        let start = state.withLock { $0.hashed }
        guard start < end else { return }
        let stop = try unsafe file.readPieces(from: start, to: end) { piece throws(StorageError) in
            let bytes = unsafe piece
            state.withLock { state in
                unsafe state.hasher.update(bufferPointer: bytes)
                state.hashed += bytes.count
            }
        }
        guard stop == end else {
            throw StorageError(.damaged, "a file that was fetched ended at byte \(stop), where \(end) were written")
        }
    }
}
