package import ApusStorage
internal import NIOCore
internal import Synchronization

extension S3Store {
    /// The most parts that S3 takes.
    private static let maxParts = 10_000

    @discardableResult
    package func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        guard byteCount > configuration.pieceBytes else {
            return try write(bytes(of: file, from: 0, count: byteCount), to: key, if: condition)
        }
        if condition != .always, try !checksConditions() {
            return try uploadUnderLock(file, byteCount: byteCount, to: key, if: condition)
        }
        do throws(StorageError) {
            return try uploadParts(file, byteCount: byteCount, to: key, if: condition)
        } catch let error where error.code == .unsupported && condition != .always {
            learnt.withLock { $0.checksConditions = false }
            return try uploadUnderLock(file, byteCount: byteCount, to: key, if: condition)
        }
    }

    private func uploadUnderLock(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try underLock(key, if: condition) { () throws(StorageError) in
            try uploadParts(file, byteCount: byteCount, to: key, if: .always)
        }
    }

    private func uploadParts(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        let partBytes = max(configuration.pieceBytes, (byteCount + S3Store.maxParts - 1) / S3Store.maxParts)
        let upload = MultipartUpload(store: self, key: key, byteCount: byteCount, partBytes: partBytes)
        let identifier = try upload.begin()
        do throws(StorageError) {
            let parts = try upload.send(file, as: identifier)
            // Some check conditions of writes and pass over those of completions: then at least what is there shows.
            if condition != .always { try check(condition, of: key) }
            return try upload.complete(identifier, parts: parts, if: condition)
        } catch {
            upload.abort(identifier)
            throw error
        }
    }

    /// Reads a part of a file into memory.
    func bytes(of file: any ReadableFile, from offset: Int, count: Int) throws(StorageError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let done = buffer.readableBytes
            var outcome: Result<Int, StorageError> = .success(0)
            unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - done) { space in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: space.prefix(count - done))
                outcome = Result { () throws(StorageError) in unsafe try file.read(into: rest, at: offset + done) }
                return (try? outcome.get()) ?? 0
            }
            guard try outcome.get() > 0 else {
                throw StorageError(
                    .damaged,
                    "the file that is uploaded to \(location) is shorter than \(offset + count) bytes"
                )
            }
        }
        return buffer
    }
}
