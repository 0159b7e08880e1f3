import NIOCore
import Testing

@testable import ApusListener

struct HTTPResponseBodyTests {
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    private func text(
        _ head: HTTPResponseHead,
        body: String = "",
        reusing buffer: ByteBuffer = ByteBuffer(),
        omitsBody: Bool = false
    ) -> String {
        var response = HTTPResponseBody(reusing: buffer)
        response.buffer.writeString(body)
        let bytes = response.encoded(with: head, date: HTTPResponseBodyTests.date, omitsBody: omitsBody)
        return String(buffer: bytes)
    }

    @Test func `a plain answer is these bytes`() {
        #expect(
            text(HTTPResponseHead(status: 200), body: "{}")
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{}"
        )
    }

    @Test func `an answer with everything is these bytes`() {
        var head = HTTPResponseHead(
            status: 405,
            contentType: HTTPResponseHead.binary,
            fields: [("Allow", "GET"), ("Retry-After", "1")],
            closes: true
        )
        head.contentEncoding = "gzip"
        head.inferenceHeaderLength = 17
        #expect(
            text(head, body: "0123456789")
                == "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/octet-stream\r\nContent-Length: 10\r\n"
                + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nInference-Header-Content-Length: 17\r\n"
                + "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nAllow: GET\r\nRetry-After: 1\r\n"
                + "Connection: close\r\n\r\n0123456789"
        )
    }

    @Test func `an empty body has length 0`() {
        #expect(
            text(HTTPResponseHead(status: 204)).hasSuffix(
                "Content-Length: 0\r\nDate: \(HTTPResponseBodyTests.date)\r\n\r\n"
            )
        )
    }

    @Test func `the answer to HEAD is the same head without the body`() {
        let head = HTTPResponseHead(status: 200, fields: [("X", "y")])
        let whole = text(head, body: "hello")
        #expect(text(head, body: "hello", omitsBody: true) + "hello" == whole)
    }

    @Test(arguments: [0, 1, 100, 211, 212, 213, 300, 511, 512, 513, 5000, 100_000])
    func `fields of the caller have room whatever their size`(_ size: Int) {
        // The longest of everything else that an answer can have.
        var head = HTTPResponseHead(status: 431, contentType: HTTPResponseHead.binary, closes: true)
        head.contentEncoding = "deflate"
        head.inferenceHeaderLength = .max
        let value = String(repeating: "v", count: max(0, size - 5))
        head.fields = [("X", value)]
        for omitsBody in [false, true] {
            let answer = text(head, body: "hello", omitsBody: omitsBody)
            #expect(
                answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/octet-")
            )
            #expect(answer.contains("\r\nContent-Length: 5\r\n"))
            #expect(answer.contains("\r\nInference-Header-Content-Length: 9223372036854775807\r\n"))
            #expect(answer.hasSuffix("\r\nX: \(value)\r\nConnection: close\r\n\r\n\(omitsBody ? "" : "hello")"))
        }
    }

    @Test(arguments: [0, 200, 220, 300, 511, 512, 513, 5000])
    func `any media type, coding and date have room`(_ size: Int) {
        let text = String(repeating: "m", count: size)
        var head = HTTPResponseHead(status: 431, contentType: text, closes: true)
        head.contentEncoding = text
        head.inferenceHeaderLength = .max
        var response = HTTPResponseBody(reusing: ByteBuffer())
        response.buffer.writeString("hello")
        let answer = String(buffer: response.encoded(with: head, date: text, omitsBody: false))
        #expect(
            answer == "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: \(text)\r\nContent-Length: 5\r\n"
                + "Date: \(text)\r\nInference-Header-Content-Length: 9223372036854775807\r\n"
                + "Content-Encoding: \(text)\r\nVary: Accept-Encoding\r\nConnection: close\r\n\r\nhello"
        )
    }

    @Test func `a body whose room is gone gets some`() {
        for room in [0, 1, 100] {
            for omitsBody in [false, true] {
                var response = HTTPResponseBody(reusing: ByteBuffer(), room: room)
                response.buffer.writeString("hello")
                let bytes = response.encoded(
                    with: HTTPResponseHead(status: 200),
                    date: HTTPResponseBodyTests.date,
                    omitsBody: omitsBody
                )
                let expected = text(HTTPResponseHead(status: 200), body: "hello", omitsBody: omitsBody)
                #expect(String(buffer: bytes) == expected)
            }
        }
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, 1_000_000])
    func `lengths are decimal numbers`(_ length: Int) {
        let answer = text(HTTPResponseHead(status: 200), body: String(repeating: "x", count: length), omitsBody: true)
        #expect(answer.contains("\r\nContent-Length: \(length)\r\n"))
    }

    @Test func `many fields keep their order`() {
        let fields = (0..<100).map { (name: "X-\($0)", value: "\($0)") }
        let lines = fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        #expect(text(HTTPResponseHead(status: 200, fields: fields), body: "b").hasSuffix("\r\n\(lines)\r\nb"))
    }

    @Test func `memory that was used before leaves nothing behind`() {
        var used = ByteBuffer(string: String(repeating: "old", count: 1000))
        used.moveReaderIndex(forwardBy: 900)
        let fresh = text(HTTPResponseHead(status: 200), body: "new")
        #expect(text(HTTPResponseHead(status: 200), body: "new", reusing: used) == fresh)
    }

    @Test(arguments: [
        200, 204, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 417, 429, 431, 499, 500, 501, 503, 504, 505,
    ])
    func `every status in use has its phrase`(_ status: Int) {
        #expect(HTTPResponseHead.phrase(status) != "Status")
        #expect(
            text(HTTPResponseHead(status: status)).hasPrefix(
                "HTTP/1.1 \(status) \(HTTPResponseHead.phrase(status))\r\n"
            )
        )
    }

    @Test func `a status that nobody knows is still a status line`() {
        #expect(text(HTTPResponseHead(status: 299)).hasPrefix("HTTP/1.1 299 Status\r\nContent-Type: "))
    }

    @Test(arguments: HTTPParsingFault.all) func `every fault has a status with a phrase and a message`(
        _ fault: HTTPParsingFault
    ) {
        #expect((400...599).contains(fault.status))
        #expect(HTTPResponseHead.phrase(fault.status) != "Status")
        #expect(!fault.message.isEmpty)
    }
}
