internal import ApusStorage
internal import Crypto
internal import Synchronization

/// Writes the body of an answer that is a whole object into a file, from its beginning.
final class StreamSink: BodySink {
    private struct State {
        var position = 0
        var hasher: SHA256?
        var checksum: String?
    }

    private let expectation: RangeSink.Expectation
    private let file: any WritableFile
    private let onReach: @Sendable (Int) -> Void
    private let state = Mutex(State())

    init(_ expectation: RangeSink.Expectation, file: any WritableFile, onReach: @escaping @Sendable (Int) -> Void) {
        self.expectation = expectation
        self.file = file
        self.onReach = onReach
    }

    /// How many bytes are written.
    var position: Int { state.withLock { $0.position } }

    func accepts(_ head: HTTPAnswerHead) throws(StorageError) -> Bool {
        guard head.status == 200 else { return false }
        try expectation.checkTag(head)
        if let length = head.contentLength, length != expectation.object.byteCount {
            throw StorageError(
                .changed,
                "\(expectation.what): it has \(length) bytes by now, and had \(expectation.object.byteCount)"
            )
        }
        state.withLock { state in
            state.checksum = head.wholeChecksum
            if state.checksum != nil { state.hasher = SHA256() }
        }
        return true
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let start = position
        guard bytes.count <= expectation.object.byteCount - start else {
            throw StorageError(.damaged, "\(expectation.what): more bytes came than were announced")
        }
        unsafe try file.write(bytes, at: start)
        state.withLock { state in
            state.position = start + bytes.count
            unsafe state.hasher?.update(bufferPointer: bytes)
        }
        onReach(start + bytes.count)
    }

    func finish() throws(StorageError) {
        let missing = expectation.object.byteCount - position
        guard missing == 0 else {
            throw StorageError(.unreachable, "\(expectation.what): the answer ended \(missing) bytes early")
        }
        let (hasher, checksum) = state.withLock { ($0.hasher, $0.checksum) }
        guard let hasher, let checksum else { return }
        let found = Digests.base64(hasher.finalize())
        guard found == checksum else {
            throw StorageError(.damaged, "\(expectation.what): its SHA-256 is \(found), the server says \(checksum)")
        }
    }
}
