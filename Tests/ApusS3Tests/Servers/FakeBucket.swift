import ApusS3
import Crypto
import Synchronization

/// A bucket in memory that speaks S3 in path style, checks signatures, and misbehaves when it is told to.
final class FakeBucket: Sendable {
    struct Object: Sendable {
        var bytes: [UInt8]
        var tag: String
    }

    struct State: Sendable {
        var objects: [String: Object] = [:]
        var uploads: [String: [Int: Object]] = [:]
        var requests: [FakeRequest] = []
        /// Each request takes the first one that has something to say to it.
        var faults: [@Sendable (FakeRequest) -> FakeAnswer?] = []
        /// Added to a good answer.
        var mending: (@Sendable (FakeRequest, FakeAnswer) -> FakeAnswer)?
        var checksConditions = true
        /// Takes writes whatever their condition says.
        var overlooksConditions = false
        var ignoresRanges = false
        var sendsChecksums = true
        var pageSize = 1000
    }

    static let name = "bucket"
    static let accessKeyID = "AKIDCANARY"
    static let secretKey = "canary-secret-key"
    static let token = "canary-session-token"

    let state = Mutex(State())

    func answer(_ request: FakeRequest) -> FakeAnswer {
        state.withLock { state in
            state.requests.append(request)
            for (index, fault) in state.faults.enumerated() {
                if let answer = fault(request) {
                    state.faults.remove(at: index)
                    return answer
                }
            }
            let answer = FakeBucket.good(request, &state)
            return state.mending?(request, answer) ?? answer
        }
    }

    func put(_ key: String, _ bytes: [UInt8]) {
        state.withLock { $0.objects[key] = Object(bytes: bytes, tag: FakeBucket.md5(bytes)) }
    }

    /// The next request that fits gets this answer.
    func fault(_ answer: FakeAnswer, when fits: @escaping @Sendable (FakeRequest) -> Bool = { _ in true }) {
        state.withLock { $0.faults.append { fits($0) ? answer : nil } }
    }

    var requests: [FakeRequest] { state.withLock { $0.requests } }

    static func error(_ status: Int, _ code: String, _ more: String = "") -> FakeAnswer {
        FakeAnswer(
            status: status,
            fields: [("content-type", "application/xml")],
            body: Array("<Error><Code>\(code)</Code><Message>words</Message>\(more)</Error>".utf8)
        )
    }

    static func md5(_ bytes: [UInt8]) -> String { hex(Insecure.MD5.hash(data: bytes)) }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
