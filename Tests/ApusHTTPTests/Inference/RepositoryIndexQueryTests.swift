import ApusCore
import NIOCore
import Testing

@testable import ApusHTTP

struct RepositoryIndexQueryTests {
    @Test(arguments: [
        ("", false), ("{}", false), (#"{"ready":true}"#, true), (#"{"ready":false}"#, false),
        (#" { "x" : [1, {"ready": true}] , "ready" : true } "#, true), (#"{"x":null}"#, false),
    ])
    func `a query asks for ready models or for all`(_ text: String, _ onlyReady: Bool) throws {
        #expect(try RepositoryIndexQuery.onlyReady(ByteBuffer(string: text)) == onlyReady)
    }

    @Test(arguments: [
        " ", "[]", "true", "null", "{", "}", #"{"ready":1}"#, #"{"ready":"true"}"#, #"{"ready":null}"#,
        #"{"ready":true"#,
        #"{"ready":true}x"#, #"{"ready":true,}"#, #"{ready:true}"#, #"{"x":}"#, "\0", "{\"x\":\"\u{1}\"}",
    ])
    func `anything else is a bad request`(_ text: String) {
        #expect(throws: InferenceError.self) { try RepositoryIndexQuery.onlyReady(ByteBuffer(string: text)) }
    }

    @Test func `bytes that are no UTF-8 are a bad request`() {
        #expect(throws: InferenceError.self) {
            try RepositoryIndexQuery.onlyReady(ByteBuffer(bytes: [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))
        }
    }
}
