package import ApusStorage
internal import Synchronization

extension S3Store {
    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        let what = "fetching \(location)/\(object.key)"
        let expectation = RangeSink.Expectation(object: object, what: what) { $0.entityTag.map { EntityTag($0) } }
        let fetcher = ObjectFetcher(
            expectation: expectation,
            pieceBytes: configuration.pieceBytes,
            parallelPieces: configuration.parallelPieces,
            threads: connections.threads
        ) { progress, make throws(StorageError) in
            try self.ask(for: object, what: what, progress: progress, make)
        }
        let ignores = try fetcher.run(into: file, progress, ignoresRanges: learnt.withLock { $0.ignoresRanges })
        if ignores { learnt.withLock { $0.ignoresRanges = true } }
    }

    private func ask(
        for object: StoredObject,
        what: String,
        progress: () -> Int,
        _ make: () -> ObjectFetcher.Attempt
    ) throws(StorageError) {
        let request: () -> S3Request = {
            let (sink, range) = make()
            var fields = [HTTPField(name: "if-match", value: "\"\(object.tag)\"")]
            fields.append(range.map { .range($0) } ?? HTTPField(name: "x-amz-checksum-mode", value: "ENABLED"))
            return S3Request(method: "GET", key: self.fullKey(object.key.description), fields: fields, sink: sink)
        }
        guard case .refused(let failure) = try perform(what, progress: progress, request) else { return }
        throw failure.fetchError(of: object, what: what) ?? error(failure, what)
    }
}

extension S3Failure {
    /// What a refusal says of the state of an object that is fetched; `nil` when it is about something else.
    func fetchError(of object: StoredObject, what: String) -> StorageError? {
        switch status {
        case 412: StorageError(.changed, "\(what): it is in another state than \(object.tag) by now")
        case 416: StorageError(.changed, "\(what): it is shorter than its \(object.byteCount) bytes by now")
        default: nil
        }
    }
}

extension HTTPField {
    /// Asks for some bytes, at least one.
    static func range(_ range: Range<Int>) -> HTTPField {
        HTTPField(name: "range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
    }
}
