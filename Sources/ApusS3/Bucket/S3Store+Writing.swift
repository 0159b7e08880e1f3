package import ApusStorage
internal import NIOCore
internal import Synchronization

extension S3Store {
    @discardableResult
    package func write(
        _ bytes: [UInt8],
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try write(ByteBuffer(bytes: bytes), to: key, if: condition)
    }

    package func remove(_ key: ObjectKey) throws(StorageError) {
        let what = "removing \(location)/\(key)"
        let outcome = try perform(what) { () throws(StorageError) in
            S3Request(method: "DELETE", key: fullKey(key.description))
        }
        guard case .refused(let failure) = outcome, failure.status != 404 || failure.code == "NoSuchBucket" else {
            return
        }
        throw error(failure, what)
    }

    /// Writes an object in one piece.
    func write(
        _ bytes: ByteBuffer,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        if condition != .always, try !checksConditions() {
            return try underLock(key, if: condition) { () throws(StorageError) in
                try put(bytes, to: key, if: .always)
            }
        }
        do throws(StorageError) {
            return try put(bytes, to: key, if: condition)
        } catch let error where error.code == .unsupported && condition != .always {
            // It checks the one kind of condition, and not the other.
            learnt.withLock { $0.checksConditions = false }
            return try underLock(key, if: condition) { () throws(StorageError) in
                try put(bytes, to: key, if: .always)
            }
        }
    }

    private func put(
        _ bytes: ByteBuffer,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        let what = "writing \(location)/\(key)"
        let piece = Piece(bytes)
        let fields = condition.fields + piece.fields(withChecksum: configuration.sendsChecksums)
        var attempts = 0
        let outcome = try perform(what) { () throws(StorageError) in
            attempts += 1
            return S3Request(
                method: "PUT",
                key: fullKey(key.description),
                fields: fields,
                body: (piece.bytes, piece.sha256Hex)
            )
        }
        switch outcome {
        case .success(let answer):
            return EntityTag(answer.head.entityTag ?? piece.md5Hex)
        case .refused(let failure):
            // The answer to an attempt that went well may have been lost: then it is our own object that is in the way.
            if failure.status == 412, attempts > 1, let tag = try ownTag(of: key, ifIts: piece) { return tag }
            throw conditionError(failure, condition: condition, what: what)
        }
    }

    /// A refusal as the caller has to see it: no such key is a condition that didn't hold, too.
    func conditionError(_ failure: S3Failure, condition: WriteCondition, what: String) -> StorageError {
        if case .unchanged = condition, failure.status == 404, failure.code != "NoSuchBucket" {
            return StorageError(.conditionFailed, "\(what): the object that was to be replaced is gone")
        }
        if failure.status == 412 {
            let reason = condition == .absent ? "there is one already" : "it has been changed meanwhile"
            return StorageError(.conditionFailed, "\(what): \(reason)")
        }
        return error(failure, what)
    }

    private func ownTag(of key: ObjectKey, ifIts piece: Piece) throws(StorageError) -> EntityTag? {
        guard case .bytes(let bytes, let tag) = try read(key, byteLimit: piece.bytes.readableBytes, unless: nil) else {
            return nil
        }
        return bytes.elementsEqual(piece.bytes.readableBytesView) ? tag : nil
    }
}

extension WriteCondition {
    /// The fields that ask the server to check it.
    var fields: [HTTPField] {
        switch self {
        case .always: []
        case .absent: [HTTPField(name: "if-none-match", value: "*")]
        case .unchanged(let tag): [HTTPField(name: "if-match", value: "\"\(tag)\"")]
        }
    }
}
