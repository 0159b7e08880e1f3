import ApusClient
import Testing

struct ResponseParserTests {
    private let plain = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-LENGTH: 5 \r\n\r\nhello"
    private let refusal = "HTTP/1.1 503 No\r\nConnection: Close\r\nContent-Length: 3\r\n\r\nbad"

    /// Feeds pieces and answers what came of it.
    private func parse(_ pieces: [[UInt8]]) throws -> [ResponseParser.Answer] {
        var parser = ResponseParser()
        var answers: [ResponseParser.Answer] = []
        for piece in pieces {
            if let answer = try parser.parse(piece.span) { answers.append(answer) }
        }
        return answers
    }

    @Test func `an answer is found wherever it is cut in two or three`() throws {
        for (text, status) in [(plain, 200), (refusal, 503)] {
            let bytes = Array(text.utf8)
            for first in 0...bytes.count {
                #expect(try parse([Array(bytes[..<first]), Array(bytes[first...])]).map(\.status) == [status])
                for second in stride(from: first, through: bytes.count, by: 7) {
                    let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                    #expect(try parse(pieces).map(\.status) == [status])
                }
            }
            #expect(try parse(bytes.map { [$0] }).map(\.status) == [status])
        }
    }

    @Test func `answers follow each other on a connection`() throws {
        let pieces = [plain, refusal, plain].map { Array($0.utf8) }
        let answers = try parse(pieces)
        #expect(answers.map(\.status) == [200, 503, 200])
        #expect(answers.map(\.closesConnection) == [false, true, false])
        #expect(answers.map { String(decoding: $0.excerpt, as: UTF8.self) } == ["", "bad", ""])
    }

    @Test func `interim answers and answers without a body are understood`() throws {
        #expect(try parse([Array("HTTP/1.1 100 Continue\r\n\r\n\(plain)".utf8)]).map(\.status) == [200])
        #expect(try parse([Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)]).map(\.status) == [204])
        let old = try parse([Array("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)])
        #expect(old.map(\.closesConnection) == [true])
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
    ])
    func `what can't be followed is a fault`(text: String) {
        #expect(throws: ResponseParser.Fault.self) { try parse([Array(text.utf8)]) }
        let pieces = [Array(text.utf8.dropLast(2)), Array(text.utf8.suffix(2))]
        #expect(throws: ResponseParser.Fault.self) { try parse(pieces) }
    }

    @Test func `an endless head is a fault`() {
        let line = Array("X: \(String(repeating: "y", count: 1_000))\r\n".utf8)
        #expect(throws: ResponseParser.Fault.self) {
            try parse([Array("HTTP/1.1 200 OK\r\n".utf8)] + Array(repeating: line, count: 100))
        }
    }

    @Test func `no answer traps`() {
        fuzz("HTTP answers", [plain, refusal].map { Array($0.utf8) }) { bytes in
            var parser = ResponseParser()
            let middle = bytes.count / 2
            _ = try? parser.parse(Array(bytes[..<middle]).span)
            _ = try? parser.parse(Array(bytes[middle...]).span)
        }
    }
}
