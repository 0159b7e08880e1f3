internal import ApusStorage
internal import Synchronization

/// Collects a small object up to a limit, and compares it with the SHA-256 that the server sends along.
final class SmallObjectSink: BodySink {
    private struct State {
        var bytes: [UInt8] = []
        var checksum: String?
    }

    private let byteLimit: Int
    private let what: String
    private let state = Mutex(State())

    init(byteLimit: Int, what: String) {
        self.byteLimit = byteLimit
        self.what = what
    }

    /// What has come.
    var bytes: [UInt8] { state.withLock { $0.bytes } }

    func accepts(_ head: HTTPAnswerHead) throws(StorageError) -> Bool {
        guard head.status == 200 else { return false }
        if let length = head.contentLength, length > byteLimit { throw tooLarge("\(length)") }
        state.withLock { $0.checksum = head.wholeChecksum }
        return true
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let fits = state.withLock { state in
            guard state.bytes.count + bytes.count <= byteLimit else { return false }
            unsafe state.bytes += bytes
            return true
        }
        guard fits else { throw tooLarge("more") }
    }

    func finish() throws(StorageError) {
        let (bytes, checksum) = state.withLock { ($0.bytes, $0.checksum) }
        guard let checksum else { return }
        let found = unsafe bytes.withUnsafeBytes { unsafe Digests.base64(Digests.sha256($0)) }
        guard found == checksum else {
            throw StorageError(.damaged, "\(what): the SHA-256 is \(found), and the server says \(checksum)")
        }
    }

    private func tooLarge(_ size: String) -> StorageError {
        StorageError(.tooLarge, "\(what): at most \(byteLimit) bytes were expected, and \(size) came")
    }
}

extension HTTPAnswerHead {
    /// The SHA-256 of the whole object in base64; `nil` where there is none, or one made of the parts' checksums.
    var wholeChecksum: String? {
        self["x-amz-checksum-sha256"].flatMap { $0.utf8.count == 44 && !$0.contains("-") ? $0 : nil }
    }
}
