import ApusCore
import ApusS3
import ApusStorage
import ApusTesting
import Synchronization
import Testing

/// What servers and the network between do wrong, and that it is mended or told, never passed on.
@Suite
struct MisbehaviourTests {
    private let bytes = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test(arguments: [500, 502, 503, 504, 429])
    func `an overloaded server is asked again, later`(status: Int) throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", [1])
        for _ in 0..<3 { fixture.bucket.fault(FakeBucket.error(status, "SlowDown")) }
        #expect(try fixture.store.describe(fixture.key("k"))?.byteCount == 1)
        #expect(fixture.pauses.count == 3)
    }

    @Test
    func `a server that stays overloaded is given up within the deadline`() throws {
        let fixture = try BucketFixture { $0.retries.time = 3_000_000_000 }
        fixture.bucket.state.withLock { $0.mending = { _, _ in FakeBucket.error(503, "SlowDown") } }
        let error = failure { try fixture.store.list("", limit: 10) }
        #expect(error?.code == .unreachable && error?.message.contains("SlowDown") == true)
        #expect(fixture.time.now.nanoseconds <= 1_000_000_000 + 3_000_000_000)
    }

    @Test
    func `connections that end before, in and after an answer are mended`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", bytes)
        let isGet: @Sendable (FakeRequest) -> Bool = { $0.method == "GET" }
        let headers = [("ETag", "\"\(FakeBucket.md5(bytes))\"")]
        fixture.bucket.fault(FakeAnswer(closesAtOnce: true), when: isGet)
        fixture.bucket.fault(FakeAnswer(fields: headers, body: bytes, cutAfter: 1234), when: isGet)
        fixture.bucket.fault(FakeAnswer(fields: headers, body: bytes, cutAfter: 4000, claimedLength: 9999), when: isGet)
        let contents = try fixture.store.read(fixture.key("k"), byteLimit: 10_000, unless: nil)
        guard case .bytes(bytes, _) = contents else {
            Issue.record("read \(contents)")
            return
        }
    }

    @Test
    func `a server that falls silent in the middle is asked again`() throws {
        var impatient = HTTPConnections.Configuration()
        impatient.silence = 200_000_000
        let connections = HTTPConnections(impatient)
        defer { connections.close() }
        let fixture = try BucketFixture(connections: connections)
        fixture.bucket.put("k", bytes)
        let headers = [("ETag", "\"\(FakeBucket.md5(bytes))\"")]
        let silent = FakeAnswer(fields: headers, body: Array(bytes[..<100]), claimedLength: 4000, isEndless: true)
        fixture.bucket.fault(silent)
        let contents = try fixture.store.read(fixture.key("k"), byteLimit: 10_000, unless: nil)
        guard case .bytes(bytes, _) = contents else {
            Issue.record("read \(contents)")
            return
        }
        #expect(fixture.pauses.count == 1)
    }

    @Test
    func `a kept connection that the server has closed meanwhile disturbs nobody`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", [1])
        fixture.bucket.state.withLock { state in
            state.mending = { _, answer in
                var answer = answer
                answer.closesAfter = true
                return answer
            }
        }
        for _ in 0..<50 { #expect(try fixture.store.describe(fixture.key("k"))?.byteCount == 1) }
    }

    @Test
    func `pieces that are cut go on where they were cut`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", bytes)
        let object = try #require(try fixture.store.describe(fixture.key("k")))
        let cut = Mutex(0)
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                let number = cut.withLock { count in
                    count += 1
                    return count
                }
                var answer = answer
                if number % 3 != 0, answer.body.count > 10 { answer.cutAfter = answer.body.count / 2 }
                return answer
            }
        }
        let file = MemoryFile()
        let marks = Mutex<[Int]>([])
        try fixture.store.fetch(object, into: file, progress: .init { mark in marks.withLock { $0.append(mark) } })
        #expect(file.bytes == bytes)
        #expect(marks.withLock { $0.last } == bytes.count)
        let starts = fixture.bucket.requests.compactMap { $0["range"] }.map {
            String($0.dropFirst(6).prefix { $0 != "-" })
        }
        #expect(starts.contains { !$0.hasSuffix("000") && $0 != "0" })
    }

    @Test
    func `a range of other bytes than were asked for is refused`() throws {
        for wrong in ["bytes 1-1000/4000", "bytes 0-999/4001", "bytes 0-999/*", "items 0-999/4000", ""] {
            let fixture = try BucketFixture()
            fixture.bucket.put("k", bytes)
            let object = try #require(try fixture.store.describe(fixture.key("k")))
            fixture.bucket.state.withLock { state in
                state.mending = { _, answer in
                    var answer = answer
                    answer.fields.removeAll { $0.0 == "Content-Range" }
                    if !wrong.isEmpty { answer.fields.append(("Content-Range", wrong)) }
                    return answer
                }
            }
            let found = code { try fixture.store.fetch(object, into: MemoryFile(), progress: FetchProgress()) }
            #expect(found == .damaged || found == .changed)
        }
    }

    @Test
    func `more bytes than were announced are refused`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", bytes)
        let object = try #require(try fixture.store.describe(fixture.key("k")))
        fixture.bucket.state.withLock { state in
            state.mending = { _, answer in
                var answer = answer
                answer.body += [1, 2, 3]
                answer.fields.append(("transfer-encoding", "chunked"))
                return answer
            }
        }
        let file = MemoryFile()
        #expect(code { try fixture.store.fetch(object, into: file, progress: FetchProgress()) } == .damaged)
        #expect(file.bytes.count <= bytes.count)
    }

    @Test
    func `bytes that were flipped on the way are noticed by their checksum and asked for again`() throws {
        let fixture = try BucketFixture()
        let small = Array(bytes.prefix(900))
        fixture.bucket.put("k", small)
        let flips = Mutex(1)
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                guard request.method == "GET", flips.withLock({ $0 > 0 }) else { return answer }
                flips.withLock { $0 -= 1 }
                var answer = answer
                answer.body[answer.body.count / 2] ^= 1
                return answer
            }
        }
        guard case .bytes(small, let tag) = try fixture.store.read(fixture.key("k"), byteLimit: 900, unless: nil) else {
            Issue.record("wrong bytes")
            return
        }
        let object = StoredObject(key: fixture.key("k"), byteCount: 900, tag: tag)
        flips.withLock { $0 = 1 }
        let file = MemoryFile()
        try fixture.store.fetch(object, into: file, progress: FetchProgress())
        #expect(file.bytes == small)
        flips.withLock { $0 = .max }
        #expect(code { try fixture.store.read(fixture.key("k"), byteLimit: 900, unless: nil) } == .damaged)
        #expect(code { try fixture.store.fetch(object, into: file, progress: FetchProgress()) } == .damaged)
    }

    @Test
    func `a wrong clock is corrected once, by the server's`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", [1])
        fixture.calendar.set(784_111_777 + 9999)
        // The answer to HEAD has no body; its date alone tells.
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                let isRight = request["x-amz-date"]?.hasPrefix("19941106T08") == true
                var refusal = FakeBucket.error(403, "RequestTimeTooSkewed")
                refusal.fields.append(("Date", "Sun, 06 Nov 1994 08:49:37 GMT"))
                if request.method == "HEAD" { refusal.body = [] }
                return isRight ? answer : refusal
            }
        }
        #expect(try fixture.store.describe(fixture.key("k"))?.byteCount == 1)
        #expect(fixture.bucket.requests.count == 2)
        #expect(try fixture.store.list("", limit: 1).count == 1)
        #expect(fixture.bucket.requests.count == 3)
        fixture.calendar.set(784_111_777 + 999_999)
        #expect(try fixture.store.list("", limit: 1).count == 1)
        fixture.bucket.state.withLock { state in
            state.mending = { _, _ in
                var refusal = FakeBucket.error(403, "RequestTimeTooSkewed")
                refusal.fields.append(("Date", "Sun, 06 Nov 1994 10:49:37 GMT"))
                return refusal
            }
        }
        #expect(code { try fixture.store.list("", limit: 1) } == .denied)
    }

    @Test
    func `a wrong region is mended once, by the server's word`() throws {
        for isHead in [true, false] {
            let fixture = try BucketFixture()
            fixture.bucket.put("k", [1])
            fixture.bucket.state.withLock { state in
                state.mending = { request, answer in
                    if request["authorization"]?.contains("/eu-west-3/s3/") == true { return answer }
                    if !isHead {
                        return FakeBucket.error(400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>")
                    }
                    return FakeAnswer(
                        status: 301,
                        fields: [("x-amz-bucket-region", "eu-west-3"), ("location", "http://evil")]
                    )
                }
            }
            if isHead { #expect(try fixture.store.describe(fixture.key("k")) != nil) }
            #expect(try fixture.store.list("", limit: 10).count == 1)
        }
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { state in
            state.mending = { request, _ in
                let asked = request["authorization"]?.contains("/eu-west-3/") == true
                return FakeAnswer(status: 301, fields: [("x-amz-bucket-region", asked ? "eu-west-1" : "eu-west-3")])
            }
        }
        let error = failure { try fixture.store.list("", limit: 10) }
        #expect(error?.code == .invalid && error?.message.contains("AWS_REGION") == true)
    }

    @Test
    func `redirects to other hosts aren't followed`() throws {
        let asked = Mutex(0)
        let other = try FakeServer { _ in
            asked.withLock { $0 += 1 }
            return FakeAnswer()
        }
        let fixture = try BucketFixture()
        let url = other.url
        for status in [301, 302, 303, 307, 308] {
            fixture.bucket.state.withLock { state in
                state.mending = { _, _ in FakeAnswer(status: status, fields: [("location", "\(url)/bucket/k")]) }
            }
            #expect(code { try fixture.store.read(fixture.key("k"), byteLimit: 10, unless: nil) } == .invalid)
        }
        #expect(asked.withLock { $0 } == 0)
    }

    @Test
    func `a lost answer to a conditional write isn't mistaken for somebody else's win`() throws {
        let fixture = try BucketFixture()
        let lost = Mutex(true)
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                guard request.method == "PUT", answer.status == 200, lost.withLock({ $0 }) else { return answer }
                lost.withLock { $0 = false }
                return FakeAnswer(closesAtOnce: true)
            }
        }
        try fixture.store.write([1, 2, 3], to: fixture.key("k"), if: .absent)
        #expect(code { try fixture.store.write([1, 2, 3], to: fixture.key("k"), if: .absent) } == .conditionFailed)
    }

    @Test
    func `a completion that fails late or whose answer is lost is told rightly`() throws {
        let fixture = try BucketFixture()
        let isCompletion: @Sendable (FakeRequest) -> Bool = { $0.method == "POST" && $0.target.contains("uploadId") }
        fixture.bucket.fault(FakeAnswer(body: FakeBucket.error(200, "InternalError").body), when: isCompletion)
        let lost = Mutex(true)
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                guard isCompletion(request), answer.status == 200, lost.withLock({ $0 }) else { return answer }
                lost.withLock { $0 = false }
                return FakeAnswer(closesAtOnce: true)
            }
        }
        let key = fixture.key("k")
        let tag = try fixture.store.upload(MemoryFile(bytes), byteCount: bytes.count, to: key, if: .absent)
        #expect(try fixture.store.describe(key)?.tag == tag)
    }

    @Test
    func `a part that can't be sent ends the upload and leaves nothing`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { state in
            state.mending = { request, answer in
                request.target.contains("partNumber=3") ? FakeBucket.error(403, "AccessDenied") : answer
            }
        }
        #expect(
            code {
                try fixture.store.upload(MemoryFile(bytes), byteCount: bytes.count, to: fixture.key("k"), if: .always)
            } == .denied
        )
        let (objects, uploads) = fixture.bucket.state.withLock { ($0.objects.count, $0.uploads.count) }
        #expect(objects == 0 && uploads == 0)
    }

    @Test
    func `secrets that a server echoes don't come to light`() throws {
        let fixture = try BucketFixture()
        let echo = "\(FakeBucket.token) \(FakeBucket.secretKey)"
        fixture.bucket.state.withLock { state in
            state.mending = { _, _ in
                var answer = FakeBucket.error(403, "SignatureDoesNotMatch")
                answer.body = Array("<Error><Code>x \(echo)</Code><Message>\(echo)</Message></Error>".utf8)
                return answer
            }
        }
        let error = failure { try fixture.store.list("", limit: 10) }
        let cause = error?.cause.map { "\($0)" } ?? ""
        #expect(error.map { "\($0) \($0.message) \(cause)" }?.contains("canary") == false)
        #expect(error?.code == .denied)
        #expect(fixture.bucket.requests.first?["x-amz-security-token"] == FakeBucket.token)
    }

    @Test(arguments: [
        "", "<", "<Error/>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "{}",
    ])
    func `what is no listing is refused`(body: String) throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { state in state.mending = { _, _ in FakeAnswer(body: Array(body.utf8)) } }
        #expect(code { try fixture.store.list("", limit: 10) } == .damaged)
    }

    @Test
    func `a listing that goes in circles ends`() throws {
        let fixture = try BucketFixture()
        let page =
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
        fixture.bucket.state.withLock { state in state.mending = { _, _ in FakeAnswer(body: Array(page.utf8)) } }
        #expect(code { try fixture.store.list("", limit: 10) } == .damaged)
    }

    @Test
    func `an endless message isn't collected`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { state in
            state.mending = { _, _ in
                FakeAnswer(status: 403, body: [UInt8](repeating: 65, count: 1 << 20), isEndless: true)
            }
        }
        #expect(code { try fixture.store.read(fixture.key("k"), byteLimit: 10, unless: nil) } == .tooLarge)
    }

    @Test
    func `nobody there is told with the address`() throws {
        let fixture = try BucketFixture {
            $0.endpoint = S3Endpoint(
                origin: HTTPOrigin(isSecure: false, host: "127.0.0.1", port: 1),
                addressing: .path,
                bucket: "b"
            )
        }
        let error = failure { try fixture.store.list("", limit: 10) }
        #expect(error?.code == .unreachable && error?.message.contains("http://127.0.0.1:1") == true)
        #expect(error?.isTransient == true)
    }

    @Test
    func `expired credentials are replaced once`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { $0.mending = { _, _ in FakeBucket.error(400, "ExpiredToken") } }
        let error = failure { try fixture.store.list("", limit: 10) }
        #expect(error?.code == .denied && error?.message.contains("have ended") == true)
        #expect(fixture.bucket.requests.count == 1)
    }
}
