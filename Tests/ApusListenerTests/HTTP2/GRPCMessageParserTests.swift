import NIOCore
import Testing

@testable import ApusListener

/// Messages cut out of a call's bytes.
struct GRPCMessageParserTests {
    private func messages(_ parts: [[UInt8]], maxBytes: Int = 1000) throws -> [String] {
        var parser = GRPCMessageParser(maxBytes: maxBytes)
        var texts: [String] = []
        for part in parts {
            parser.append(ByteBuffer(bytes: part))
            while let message = try parser.next() { texts.append(String(buffer: message.bytes)) }
        }
        return texts
    }

    @Test func `several messages, cut anywhere`() throws {
        let texts = ["one", "", "three", String(repeating: "4", count: 300)]
        let bytes = texts.flatMap { HTTP2Harness.message($0) }
        for split in 0...bytes.count {
            #expect(try messages([Array(bytes[..<split]), Array(bytes[split...])]) == texts, "split at \(split)")
        }
        #expect(try messages(bytes.map { [$0] }) == texts)
    }

    @Test func `a limit is checked by the prefix`() throws {
        #expect(try messages([HTTP2Harness.message("1234")], maxBytes: 4) == ["1234"])
        #expect(throws: GRPCStatus.tooLarge(5, limit: 4)) { try messages([[0, 0, 0, 0, 5]], maxBytes: 4) }
        #expect(throws: GRPCStatus.tooLarge(Int(UInt32.max), limit: 4)) {
            try messages([[0, 255, 255, 255, 255]], maxBytes: 4)
        }
    }

    @Test func `the flag is kept, and any but two are refused`() throws {
        var parser = GRPCMessageParser(maxBytes: 10)
        parser.append(ByteBuffer(bytes: HTTP2Harness.message("a", flag: 1)))
        let message = try parser.next()
        #expect(message?.isCompressed == true)
        parser.append(ByteBuffer(bytes: [2, 0, 0, 0, 0]))
        #expect(throws: GRPCStatus.self) { _ = try parser.next() }
    }

    @Test func `a long message takes memory as it comes, not as it says`() throws {
        var parser = GRPCMessageParser(maxBytes: .max)
        parser.append(ByteBuffer(bytes: [0, 0x7f, 0xff, 0xff, 0xff]))
        let none = try parser.next()
        #expect(none == nil)
        #expect(parser.isWithinMessage)
        #expect(parser.pendingCapacity <= 1 << 20)
    }

    private static let times: [(String, Int64)] = [
        ("5S", 5_000_000_000), ("100m", 100_000_000), ("1n", 1), ("99999999H", .max), ("0u", 0),
    ]

    @Test(arguments: times)
    func `a time is read`(text: String, nanoseconds: Int64) {
        #expect(GRPCTimeout.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: ["", "S", "5", "123456789S", "-1S", "1.5S", "5s", "5 S"])
    func `anything else isn't`(text: String) {
        #expect(GRPCTimeout.nanoseconds(text) == nil)
    }
}
