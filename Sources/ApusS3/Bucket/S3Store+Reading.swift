package import ApusStorage

extension S3Store {
    package func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        let what = "looking at \(location)/\(key)"
        let outcome = try perform(what) { () throws(StorageError) in
            S3Request(method: "HEAD", key: fullKey(key.description))
        }
        switch outcome {
        case .success(let answer):
            guard let size = answer.head.contentLength, let tag = answer.head.entityTag else {
                throw StorageError(.damaged, "\(what): the answer has no Content-Length or no ETag")
            }
            let modified = answer.head["last-modified"].flatMap { CalendarTime(httpDate: $0) }
            return StoredObject(
                key: key,
                byteCount: size,
                tag: EntityTag(tag),
                modified: modified?.secondsSince1970
            )
        case .refused(let failure):
            if failure.status == 404 && failure.code != "NoSuchBucket" { return nil }
            throw error(failure, what)
        }
    }

    package func read(
        _ key: ObjectKey,
        byteLimit: Int,
        unless known: EntityTag?
    ) throws(StorageError) -> ObjectContents {
        let what = "reading \(location)/\(key)"
        var fields = [HTTPField(name: "x-amz-checksum-mode", value: "ENABLED")]
        if let known { fields.append(HTTPField(name: "if-none-match", value: "\"\(known)\"")) }
        var sink = SmallObjectSink(byteLimit: byteLimit, what: what)
        let outcome = try perform(what) { () throws(StorageError) in
            sink = SmallObjectSink(byteLimit: byteLimit, what: what)
            return S3Request(method: "GET", key: fullKey(key.description), fields: fields, sink: sink)
        }
        switch outcome {
        case .success(let answer):
            guard let tag = answer.head.entityTag else {
                throw StorageError(.damaged, "\(what): the answer has no ETag")
            }
            return .bytes(sink.bytes, EntityTag(tag))
        case .refused(let failure):
            switch failure.status {
            case 304: return .unchanged
            case 404 where failure.code != "NoSuchBucket": return .absent
            default: throw error(failure, what)
            }
        }
    }
}
