package import ApusStorage
internal import Synchronization

extension S3Store {
    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        let what = "fetching \(location)/\(object.key)"
        let expectation = RangeSink.Expectation(object: object, what: what, comparesTag: true) { head in
            head.entityTag.map { EntityTag($0) }
        }
        let offset = min(max(0, progress.resumeOffset), object.byteCount)
        guard offset < object.byteCount || object.byteCount == 0 else { return }
        let isSmall = offset == 0 && object.byteCount <= configuration.pieceBytes
        if isSmall || learnt.withLock({ $0.ignoresRanges }) {
            return try stream(object, into: file, expectation, progress)
        }
        do throws(StorageError) {
            try fetchRanges(of: object, from: offset, into: file, expectation, progress)
        } catch let error where error.code == .unsupported && error.message.contains("Range") {
            learnt.withLock { $0.ignoresRanges = true }
            try stream(object, into: file, expectation, progress)
        }
    }

    private func fetchRanges(
        of object: StoredObject,
        from offset: Int,
        into file: any WritableFile,
        _ expectation: RangeSink.Expectation,
        _ progress: FetchProgress
    ) throws(StorageError) {
        let plan = RangePlan(byteCount: object.byteCount, offset: offset, pieceBytes: configuration.pieceBytes)
        let crew = FetchCrew(plan: plan, reached: progress.reached)
        let pieces = (object.byteCount - offset + configuration.pieceBytes - 1) / configuration.pieceBytes
        let helpers = min(configuration.parallelPieces, pieces) - 1
        try crew.run(helpers: helpers, from: connections.threads) { piece throws(StorageError) in
            let sink = RangeSink(expectation, file: file, piece: piece) { crew.wrote($0, of: piece) }
            let make: () throws(StorageError) -> S3Request = { () throws(StorageError) in
                let range = HTTPField(name: "range", value: "bytes=\(sink.next)-\(piece.end - 1)")
                return self.get(object, [range], sink)
            }
            let outcome = try self.perform(expectation.what, progress: { sink.next }, make)
            try self.checkFetched(outcome, expectation)
        }
    }

    private func stream(
        _ object: StoredObject,
        into file: any WritableFile,
        _ expectation: RangeSink.Expectation,
        _ progress: FetchProgress
    ) throws(StorageError) {
        let best = HighWater(progress.resumeOffset, progress.reached)
        let make: () throws(StorageError) -> S3Request = { () throws(StorageError) in
            let sink = StreamSink(expectation, file: file) { best.rise(to: $0) }
            return self.get(object, [HTTPField(name: "x-amz-checksum-mode", value: "ENABLED")], sink)
        }
        let outcome = try perform(expectation.what, progress: { best.value }, make)
        try checkFetched(outcome, expectation)
    }

    private func get(_ object: StoredObject, _ fields: [HTTPField], _ sink: any BodySink) -> S3Request {
        S3Request(
            method: "GET",
            key: fullKey(object.key.description),
            fields: fields + [HTTPField(name: "if-match", value: "\"\(object.tag)\"")],
            sink: sink
        )
    }

    private func checkFetched(_ outcome: S3Outcome, _ expectation: RangeSink.Expectation) throws(StorageError) {
        guard case .refused(let failure) = outcome else { return }
        switch failure.status {
        case 412:
            let tag = expectation.object.tag
            throw StorageError(.changed, "\(expectation.what): it is in another state than \(tag) by now")
        case 416:
            let size = expectation.object.byteCount
            throw StorageError(.changed, "\(expectation.what): it is shorter than its \(size) bytes by now")
        default: throw error(failure, expectation.what)
        }
    }
}
