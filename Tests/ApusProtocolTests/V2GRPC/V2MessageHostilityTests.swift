import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Bytes that nobody means well with.
struct V2MessageHostilityTests {
    /// A field of bytes: tag, length, content.
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        while rest >= 0x80 {
            length.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return [number << 3 | 2] + length + [UInt8(rest)] + content
    }

    /// A request whose one input is made of these fields, with one raw entry.
    private func request(input: [UInt8], raw: [UInt8]) -> TestMessage {
        TestMessage(field(1, Array("anything".utf8)) + field(5, input) + field(7, raw))
    }

    @Test(
        arguments: [
            [0x0A],
            [0x0A, 0xFF],
            [0x0A, 0x05, 0x61],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x00, 0x01],
            [0x07],
            [0x0E, 0x01],
            [0x0C],
            [0x0B, 0x14],
            [0x0B],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x00],
            [0x0A, 0x02, 0xC3, 0x28],
            [0x5D, 0x00, 0x00],
            [0x59, 0x00],
        ] as [[UInt8]]
    )
    func `bytes that are no message are invalid arguments that say where`(bytes: [UInt8]) throws {
        let refusal = try #require(TestMessage(bytes).refusal())
        #expect(refusal.code == .invalidArgument)
        #expect(refusal.message.hasPrefix("failed to parse the request message: "))
        #expect(throws: (any Error).self) { try Inference_ModelInferRequest(serializedBytes: bytes) }
    }

    @Test func `groups are skipped, but not endlessly`() throws {
        let name = field(1, Array("anything".utf8))
        let closed = [UInt8](repeating: 0x53, count: 90) + [UInt8](repeating: 0x54, count: 90)
        #expect(TestMessage(name + closed).refusal() == nil)
        let endless = [UInt8](repeating: 0x53, count: 100_000)
        #expect(TestMessage(name + endless).refusal()?.message.contains("nested too deep") == true)
    }

    @Test func `fields of a wrong wire type count as unknown ones`() throws {
        // `inputs` as a number, `datatype` as four bytes: what is missing then is named.
        #expect(TestMessage(field(1, [0x61]) + [0x28, 0x01]).refusal() == nil)
        let input = field(1, [0x78]) + [0x15, 0, 0, 0, 0]
        let refusal = try #require(request(input: input, raw: []).refusal())
        #expect(refusal.field == "inputs[0].datatype")
    }

    @Test func `the last one of a field that comes twice counts`() throws {
        let input = field(1, [0x78]) + field(1, [0x79]) + field(2, Array("FP32".utf8)) + field(2, Array("INT8".utf8))
        let decoded = try request(input: input + [0x18, 0x01], raw: [5]).decode()
        #expect(decoded.inputs[0].name == "y" && decoded.inputs[0].tensor.dataType == .int8)
    }

    @Test(
        arguments: [
            [0x18] + [UInt8](repeating: 0xFF, count: 9) + [0x01],
            [0x1A, 0x0C] + [0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + [0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + [0x10, 0x00],
            [UInt8](repeating: 0x18, count: 80),
        ] as [[UInt8]]
    )
    func `shapes that are negative, overflow or have too many dimensions are refused`(shape: [UInt8]) throws {
        let input = field(1, [0x78]) + field(2, Array("INT8".utf8)) + shape
        let refusal = try #require(request(input: input, raw: [1]).refusal())
        #expect(refusal.code == .invalidArgument && refusal.message.hasPrefix("invalid shape"))
    }

    @Test func `a small message can't have much memory taken`() throws {
        // 2^28 elements promised, none sent.
        let input = field(1, [0x78]) + field(2, Array("FP32".utf8)) + [0x18, 0x80, 0x80, 0x80, 0x80, 0x01]
        var typed = TestMessage(field(1, [0x61]) + field(5, input))
        typed.budget = ByteBudget(limit: 1 << 20)
        #expect(typed.refusal()?.message.contains("Expected 1073741824, got 0") == true)
        // Empty texts take two bytes each on the wire and much more in memory.
        let texts = [UInt8](repeating: 0, count: 100_000).flatMap { _ in [0x42, 0x00] as [UInt8] }
        let shape: [UInt8] = [0x18, 0xA0, 0x8D, 0x06]
        let strings = field(1, [0x78]) + field(2, Array("BYTES".utf8)) + shape + field(5, texts)
        var many = TestMessage(field(1, [0x61]) + field(5, strings))
        #expect(many.refusal() == nil)
        many.budget = ByteBudget(limit: 1 << 20)
        #expect(many.refusal()?.code == .resourceExhausted)
    }

    @Test(arguments: [(4 as UInt8, "parameters"), (5, "inputs"), (6, "outputs"), (7, "raw_input_contents")])
    func `lists have limits`(number: UInt8, name: String) throws {
        let field: [UInt8] = [number << 3 | 2, 0x00]
        let bytes = [UInt8](repeating: 0, count: 200_000).flatMap { _ in field }
        let refusal = try #require(TestMessage(bytes).refusal())
        #expect(refusal.code == .invalidArgument && refusal.field == name)
    }

    @Test func `typed contents may come in pieces, packed and not`() throws {
        let pieces = field(5, field(2, [1, 2])) + field(5, [0x10, 0x03, 0x10, 0x04])
        let input = field(1, [0x78]) + field(2, Array("INT32".utf8)) + [0x18, 0x04] + pieces
        let decoded = try TestMessage(field(1, [0x61]) + field(5, input)).decode()
        #expect(decoded.inputs[0].tensor.elements(as: Int32.self) == [1, 2, 3, 4])
    }

    @Test func `a packed list that ends within a number is no message`() throws {
        let input = field(1, [0x78]) + field(2, Array("INT32".utf8)) + [0x18, 0x01] + field(5, field(2, [0x81]))
        let refusal = try #require(TestMessage(field(1, [0x61]) + field(5, input)).refusal())
        #expect(refusal.message.hasPrefix("failed to parse the request message: "))
    }
}
