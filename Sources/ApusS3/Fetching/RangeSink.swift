internal import ApusStorage
internal import Synchronization

/// Writes the body of an answer to a ranged request into its place in a file.
final class RangeSink: BodySink {
    /// What is expected of the answers.
    struct Expectation: Sendable {
        /// Whose state the bytes must be of.
        let object: StoredObject
        /// What is done, for messages.
        let what: String
        /// The state that an answer is of; `nil` where it doesn't say.
        let tag: @Sendable (HTTPAnswerHead) -> EntityTag?
    }

    private let expectation: Expectation
    private let file: any WritableFile
    private let piece: RangePlan.Piece
    private let ignored: Flag
    private let onWrite: @Sendable (Int) -> Void
    private let position: Mutex<Int>

    init(
        _ expectation: Expectation,
        file: any WritableFile,
        piece: RangePlan.Piece,
        ignored: Flag,
        onWrite: @escaping @Sendable (Int) -> Void
    ) {
        self.expectation = expectation
        self.file = file
        self.piece = piece
        self.ignored = ignored
        self.onWrite = onWrite
        self.position = Mutex(piece.start)
    }

    /// The byte that comes next.
    var next: Int { position.withLock { $0 } }

    /// Whether every byte of the piece is written.
    var isComplete: Bool { next == piece.end }

    func accepts(_ head: HTTPAnswerHead) throws(StorageError) -> Bool {
        guard head.status == 200 || head.status == 206 else { return false }
        try expectation.checkTag(head)
        guard head.status == 206 else {
            ignored.set()
            throw StorageError(.unsupported, "\(expectation.what): the server sends everything in place of a range")
        }
        let expected = "bytes \(next)-\(piece.end - 1)/"
        guard let range = head["content-range"], range.hasPrefix(expected),
            let total = Int(range.dropFirst(expected.utf8.count))
        else {
            let came = head["content-range"].map { String($0.prefix(80)) } ?? "no Content-Range"
            throw StorageError(.damaged, "\(expectation.what): expected \(expected)…, and \(came) came")
        }
        guard total == expectation.object.byteCount else {
            throw StorageError(
                .changed,
                "\(expectation.what): it has \(total) bytes by now, and had \(expectation.object.byteCount)"
            )
        }
        return true
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let start = next
        guard bytes.count <= piece.end - start else {
            throw StorageError(.damaged, "\(expectation.what): more bytes came than the range has")
        }
        unsafe try file.write(bytes, at: start)
        position.withLock { $0 = start + bytes.count }
        onWrite(bytes.count)
    }

    func finish() throws(StorageError) {
        guard isComplete else {
            throw StorageError(.unreachable, "\(expectation.what): the answer ended \(piece.end - next) bytes early")
        }
    }
}

extension RangeSink.Expectation {
    /// Compares the state that an answer is of with the expected one.
    func checkTag(_ head: HTTPAnswerHead) throws(StorageError) {
        guard let tag = tag(head), tag != object.tag else { return }
        throw StorageError(.changed, "\(what): expected the state \(object.tag), and the server has \(tag)")
    }
}
