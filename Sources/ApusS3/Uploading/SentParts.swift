internal import Synchronization

/// The parts of an upload that the store has, as several threads send them.
final class SentParts: Sendable {
    private let parts = Mutex<[Int: MultipartUpload.Part]>([:])

    /// Notes a part; numbers begin with 0.
    func add(_ part: MultipartUpload.Part, number: Int) {
        parts.withLock { $0[number] = part }
    }

    /// All parts by their numbers.
    var inOrder: [MultipartUpload.Part] {
        parts.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
    }
}
