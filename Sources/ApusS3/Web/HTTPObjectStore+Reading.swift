internal import ApusCore
package import ApusStorage

extension HTTPObjectStore {
    package func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        let what = "looking at \(location)/\(key)"
        switch try perform("HEAD", key, what: what, { ([], nil) }) {
        case .success(let answer):
            guard let size = answer.head.contentLength else {
                throw StorageError(.damaged, "\(what): the answer to HEAD has no Content-Length")
            }
            let modified = answer.head.modified
            let tag = answer.head.entityTag ?? WebTag.made(modified: modified, byteCount: size)
            return StoredObject(key: key, byteCount: size, tag: EntityTag(tag), modified: modified)
        case .refused(let failure):
            if failure.status == 404 || failure.status == 410 { return nil }
            throw error(failure, what)
        }
    }

    package func read(
        _ key: ObjectKey,
        byteLimit: Int,
        unless known: EntityTag?
    ) throws(StorageError) -> ObjectContents {
        let what = "reading \(location)/\(key)"
        var sink = SmallObjectSink(byteLimit: byteLimit, what: what)
        let outcome = try perform("GET", key, what: what) {
            sink = SmallObjectSink(byteLimit: byteLimit, what: what)
            return (known.map { WebTag.unless($0) } ?? [], sink)
        }
        switch outcome {
        case .success(let answer):
            let bytes = sink.bytes
            let made = WebTag.made(modified: answer.head.modified, byteCount: bytes.count)
            let tag = EntityTag(answer.head.entityTag ?? made)
            return tag == known ? .unchanged : .bytes(bytes, tag)
        case .refused(let failure):
            switch failure.status {
            case 304: return .unchanged
            case 404, 410: return .absent
            default: throw error(failure, what)
            }
        }
    }

    /// Sends a request until it has an answer that stays, or the time is over.
    ///
    /// - Parameters:
    ///   - method: The verb.
    ///   - key: Whose object.
    ///   - what: What is done, for messages.
    ///   - progress: How many bytes have come so far.
    ///   - make: The fields and the taker of the body of each attempt.
    /// - Returns: The answer that stays, a success or a refusal.
    /// - Throws: That no answer came, or what the taker of the body threw.
    func perform(
        _ method: String,
        _ key: ObjectKey,
        what: String,
        progress: () -> Int = { 0 },
        _ make: () -> (fields: [HTTPField], sink: (any BodySink)?)
    ) throws(StorageError) -> S3Outcome {
        guard let path = path(of: key) else { return .refused(S3Failure.absent) }
        let retries = RetryPlan(limits: configuration.retries, now: clock.monotonic.now, generator: makeGenerator())
        var machine = S3CallStateMachine(retries: retries)
        var seen = progress()
        while true {
            let (fields, sink) = make()
            let call = self.call(method, path, fields, time: machine.retries.remaining(now: clock.monotonic.now))
            let next: S3CallStateMachine.Next
            let attempt: Result<S3Outcome, StorageError>
            do throws(StorageError) {
                let answer = try connections.send(
                    call,
                    byteLimit: 64 << 10,
                    sink: sink.map { PlainSink($0, what: what) }
                )
                if (200..<300).contains(answer.head.status) { return .success(answer) }
                let failure = S3Failure(answer)
                next = machine.refused(failure, region: "", signed: nil, now: clock.monotonic.now)
                attempt = .success(.refused(failure))
            } catch {
                if progress() > seen { machine.retries.progressed(now: clock.monotonic.now) }
                seen = progress()
                next = machine.failed(error.code, now: clock.monotonic.now)
                attempt = .failure(StorageError(error.code, "\(what): \(error.message)", cause: error.cause))
            }
            guard case .again(let nanoseconds) = next else { return try attempt.get() }
            clock.pause(nanoseconds)
        }
    }

    /// The error that a refusal is.
    func error(_ failure: S3Failure, _ what: String) -> StorageError {
        let code: StorageError.Code =
            switch failure.status {
            case 401, 403, 407: .denied
            case 404, 410: .notFound
            case 405, 501: .unsupported
            case 408, 429, 500...: .unreachable
            default: .invalid
            }
        let isElsewhere = (300..<400).contains(failure.status)
        let advice = isElsewhere ? "; redirects aren't followed: name the address that it leads to" : ""
        return StorageError(code, "\(what): the server answered status \(failure.status)\(advice)")
    }

    private func call(_ method: String, _ path: String, _ fields: [HTTPField], time: Int64) -> HTTPCall {
        let authorization = configuration.authorization.map { [HTTPField(name: "authorization", value: $0.reveal)] }
        return HTTPCall(
            method: method,
            origin: configuration.origin,
            target: path + configuration.query,
            fields: fields + (authorization ?? []),
            time: time
        )
    }

    /// Where an object is; `nil` for those that one file can't be.
    private func path(of key: ObjectKey) -> String? {
        guard configuration.isSingle else {
            return "\(configuration.path)/\(PercentEncoding.encodePath(key.description))"
        }
        return HTTPObjectStore.singleKey(configuration.path) == key ? configuration.path : nil
    }
}

/// Refuses bodies that were compressed on the way, whose bytes would be others than were asked for.
struct PlainSink: BodySink {
    private let inner: any BodySink
    private let what: String

    init(_ inner: any BodySink, what: String) {
        self.inner = inner
        self.what = what
    }

    func accepts(_ head: HTTPAnswerHead) throws(StorageError) -> Bool {
        let coding = head["content-encoding"]?.lowercased() ?? "identity"
        guard coding == "identity" || head.status >= 300 else {
            throw StorageError(
                .unsupported,
                "\(what): it came with Content-Encoding \(coding.prefix(40)); have the server send it as it is"
            )
        }
        return try inner.accepts(head)
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        unsafe try inner.take(bytes)
    }

    func finish() throws(StorageError) {
        try inner.finish()
    }
}
