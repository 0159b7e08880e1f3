import ApusCore
import ApusProtocol
import NIOCore
import Testing

@testable import ApusHTTP

/// Compressed requests and answers over a connection in process.
@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeCompressionTests {
    private func compress(_ bytes: [UInt8], _ coding: ContentCoding) throws -> [UInt8] {
        try #require(unsafe bytes.withUnsafeBytes { unsafe Compression.compress($0, as: coding) })
    }

    private func decompress(_ bytes: [UInt8]) throws -> String {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        return String(
            buffer: try NetworkBody.decompressed(ByteBuffer(bytes: bytes), limits: InputLimits(), memory: &memory)
        )
    }

    @Test(arguments: [ContentCoding.gzip, .deflate]) func `compressed requests are understood`(
        _ coding: ContentCoding
    ) async throws {
        try await EdgeServer.run { server in
            let long = #"{"x":"\#(String(repeating: " ", count: 5000))",\#(Question.json.dropFirst())"#
            let field = "Content-Encoding: \(coding.rawValue)"
            let answer = try await server.ask(
                "POST",
                Question.path,
                [field],
                body: compress(Array(long.utf8), coding)
            )
            #expect(answer.body == Question.answer)
            // The length of the JSON part counts what comes out.
            let json =
                #"{"x":"\#(String(repeating: " ", count: 500))",\#(Question.binaryJSON.dropFirst())}"#
            let binary = try await server.ask(
                "POST",
                Question.path,
                [field, "Inference-Header-Content-Length: \(json.utf8.count)"],
                body: compress(Array(json.utf8) + Question.binary, coding)
            )
            #expect(binary.body == Question.answer)
        }
    }

    @Test(arguments: [ContentCoding.gzip, .deflate]) func `answers are compressed for who wants it, when it pays`(
        _ coding: ContentCoding
    ) async throws {
        try await EdgeServer.run(EdgeServer.Parts(compressionFloor: 400)) { server in
            let field = "Accept-Encoding: br, \(coding.rawValue), identity;q=0.5"
            let short = try await server.ask("POST", Question.path, [field], json: Question.json)
            #expect(short["Content-Encoding"] == nil)
            #expect(short.body == Question.answer)
            let numbers = [String](repeating: "0.0", count: 500).joined(separator: ",")
            let question = #"{"inputs":[{"name":"IN","shape":[500],"datatype":"FP32","data":[\#(numbers)]}]}"#
            let plain = try await server.ask("POST", Question.path, json: question)
            #expect(plain["Content-Encoding"] == nil)
            let answer = try await server.ask("POST", Question.path, [field], json: question)
            #expect(answer["Content-Encoding"] == coding.rawValue)
            #expect(answer["Vary"] == "Accept-Encoding")
            #expect(answer.bytes.count < plain.bytes.count)
            #expect(try decompress(answer.bytes) == plain.body)
        }
    }

    @Test func `a bomb is refused`() async throws {
        var limits = InputLimits()
        limits.maxBodyBytes = 4 << 20
        try await EdgeServer.run(EdgeServer.Parts(limits: limits)) { server in
            for size in [3 << 20, 5 << 20] {
                let bomb = try compress([UInt8](repeating: 0x20, count: size), .gzip)
                #expect(bomb.count < 32_000)
                let answer = try await server.ask(
                    "POST",
                    Question.path,
                    ["Content-Encoding: gzip"],
                    body: bomb
                )
                #expect(answer.status == 413)
                #expect(answer.body.contains(#""code":"too_large","field":"Content-Encoding""#))
            }
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `a compressed body that is damaged is a bad request`() async throws {
        try await EdgeServer.run { server in
            let json = Question.json.replacing(":[2]", with: ":\(String(repeating: " ", count: 200))[2]")
            let whole = try compress(Array(json.utf8), .gzip)
            let connection = try await server.connect()
            var bodies = (0..<whole.count).map { Array(whole[..<$0]) }
            bodies.append(whole + [0])
            bodies.append(whole + whole)
            bodies.append(Array(json.utf8))
            for body in bodies {
                try await connection.send(
                    EdgeConnection.request("POST", Question.path, ["Content-Encoding: gzip"], body: body)
                )
                let answer = try await connection.answer()
                #expect(answer.status == 400)
                #expect(answer.body.contains("malformed compressed body"))
            }
            try await connection.close()
        }
    }

    @Test(arguments: ["br", "gzip, gzip", "zstd", "gzip, identity", "x"]) func `another encoding isn't supported`(
        _ encoding: String
    ) async throws {
        try await EdgeServer.run { server in
            let answer = try await server.ask(
                "POST",
                Question.path,
                ["Content-Encoding: \(encoding)"],
                json: Question.json
            )
            #expect(answer.status == 501)
            #expect(answer["Accept-Encoding"] == "gzip, deflate")
            #expect(
                answer.body.hasPrefix(#"{"error":"unsupported Content-Encoding '\#(encoding)'","code":"unsupported""#)
            )
        }
    }
}
