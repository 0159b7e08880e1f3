internal import ApusStorage
internal import Crypto
internal import NIOCore

/// A large object on its way into a bucket: parts in parallel, then one completion that makes it visible.
struct MultipartUpload: Sendable {
    /// A part that the store has.
    struct Part: Sendable {
        /// What the store calls its state.
        let tag: String
        /// Its MD5.
        let md5: [UInt8]
    }

    let store: S3Store
    let key: ObjectKey
    let byteCount: Int
    let partBytes: Int

    private var what: String { "uploading \(store.location)/\(key)" }
    private var fullKey: String { store.fullKey(key.description) }

    /// Opens the upload; gives its name.
    func begin() throws(StorageError) -> String {
        let outcome = try store.perform(what) { () throws(StorageError) in
            S3Request(method: "POST", key: fullKey, query: [QueryItem("uploads")])
        }
        guard case .success(let answer) = outcome else { throw refusal(outcome) }
        guard let document = try? XMLReader.read(answer.body), let identifier = document["UploadId"]?.text,
            !identifier.isEmpty
        else { throw StorageError(.damaged, "\(what): the answer has no UploadId") }
        return identifier
    }

    /// Sends all parts.
    func send(_ file: any ReadableFile, as identifier: String) throws(StorageError) -> [Part] {
        let sent = SentParts()
        let crew = FetchCrew(plan: RangePlan(byteCount: byteCount, offset: 0, pieceBytes: partBytes)) { _ in }
        let helpers = store.configuration.parallelPieces - 1
        try crew.run(helpers: helpers, from: store.connections.threads) { piece throws(StorageError) in
            let part = try sendPart(piece, of: file, as: identifier)
            sent.add(part, number: piece.start / partBytes)
            crew.wrote(piece.end - piece.start, of: piece)
        }
        return sent.inOrder
    }

    /// Makes the object visible.
    func complete(
        _ identifier: String,
        parts: [Part],
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        let body = Piece(ByteBuffer(string: MultipartUpload.completion(parts)))
        var attempts = 0
        let outcome = try store.perform(what) { () throws(StorageError) in
            attempts += 1
            return S3Request(
                method: "POST",
                key: fullKey,
                query: [QueryItem("uploadId", identifier)],
                fields: condition.fields + [HTTPField(name: "content-type", value: "application/xml")],
                body: (body.bytes, body.sha256Hex),
                mayFailLate: true
            )
        }
        switch outcome {
        case .success(let answer):
            let document = try? XMLReader.read(answer.body)
            guard let tag = document?["ETag"]?.text, !tag.isEmpty else { return try describedTag(parts) }
            return EntityTag(HTTPAnswerHead.unquoted(tag))
        case .refused(let failure):
            // A completion whose answer was lost has gone well: the upload is no more, and the object is there.
            let isOver = failure.code == "NoSuchUpload" || failure.status == 412
            if isOver, attempts > 1, let tag = try? describedTag(parts) { return tag }
            throw store.conditionError(failure, condition: condition, what: what)
        }
    }

    /// Has the store forget the parts; when that doesn't work, its own rules for unfinished uploads do it.
    func abort(_ identifier: String) {
        _ = try? store.perform(what) { () throws(StorageError) in
            S3Request(method: "DELETE", key: fullKey, query: [QueryItem("uploadId", identifier)])
        }
    }

    private func sendPart(
        _ piece: RangePlan.Piece,
        of file: any ReadableFile,
        as identifier: String
    ) throws(StorageError) -> Part {
        let bytes = Piece(try store.bytes(of: file, from: piece.start, count: piece.end - piece.start))
        let number = piece.start / partBytes + 1
        let query = [QueryItem("partNumber", "\(number)"), QueryItem("uploadId", identifier)]
        let outcome = try store.perform(what) { () throws(StorageError) in
            S3Request(
                method: "PUT",
                key: fullKey,
                query: query,
                // S3 takes checksums of parts only where the upload was opened with their kind; the signature covers
                // the bytes as well.
                fields: bytes.fields(withChecksum: false),
                body: (bytes.bytes, bytes.sha256Hex)
            )
        }
        guard case .success(let answer) = outcome else { throw refusal(outcome) }
        return Part(tag: answer.head.entityTag ?? bytes.md5Hex, md5: bytes.md5Bytes)
    }

    /// The tag of the object that these parts make, if that is what is there.
    private func describedTag(_ parts: [Part]) throws(StorageError) -> EntityTag {
        let digest = Insecure.MD5.hash(data: parts.flatMap(\.md5))
        let expected = EntityTag("\(Digests.hex(digest))-\(parts.count)")
        guard let found = try store.describe(key), found.byteCount == byteCount, found.tag == expected else {
            throw StorageError(.conditionFailed, "\(what): somebody else wrote it at the same time")
        }
        return found.tag
    }

    private func refusal(_ outcome: S3Outcome) -> StorageError {
        guard case .refused(let failure) = outcome else { return StorageError(.damaged, what) }
        return store.error(failure, what)
    }

    /// The document that lists the parts.
    private static func completion(_ parts: [Part]) -> String {
        let list = parts.enumerated().map { index, part in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>&quot;\(escaped(part.tag))&quot;</ETag></Part>"
        }
        let space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return "<CompleteMultipartUpload xmlns=\"\(space)\">\(list.joined())</CompleteMultipartUpload>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
