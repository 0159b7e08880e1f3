import ApusCore
import ApusProtocol
import NIOCore
import Testing

@testable import ApusHTTP

struct NetworkBodyTests {
    private func bytes(_ storage: TensorStorage) -> [UInt8] {
        unsafe storage.withUnsafeBytes { unsafe Array($0) }
    }

    private let content = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 64])
    func `storage holds its range and is aligned, borrowed or copied`(_ offset: Int) throws {
        var buffer = ByteBuffer(bytes: content)
        buffer.moveReaderIndex(forwardBy: offset)
        let body = NetworkBody(buffer)
        #expect(body.byteCount == content.count - offset)
        for range in [0..<0, 0..<4, 3..<3, 1..<17, 0..<body.byteCount, 8..<32_008, 9..<32_009] {
            for alignment in [1, 2, 4, 8] {
                let storage = try #require(
                    body.makeStorage(for: range, alignment: alignment, allocator: HeapTensorAllocator())
                )
                #expect(storage.isAligned(to: alignment))
                #expect(bytes(storage) == Array(content[(offset + range.lowerBound)..<(offset + range.upperBound)]))
            }
        }
    }

    @Test func `borrowed memory isn't changed by who writes to the buffer later`() throws {
        var buffer = ByteBuffer(bytes: content)
        let storage = try #require(
            NetworkBody(buffer).makeStorage(for: 0..<32_768, alignment: 1, allocator: HeapTensorAllocator())
        )
        buffer.clear()
        buffer.writeRepeatingByte(0xee, count: 40_000)
        #expect(bytes(storage) == Array(content[..<32_768]))
    }

    @Test func `no memory is no storage`() {
        struct EmptyAllocator: TensorAllocator {
            func allocate(byteCount: Int, alignment: Int) -> TensorStorage? { nil }
        }
        let body = NetworkBody(ByteBuffer(bytes: content))
        #expect(body.makeStorage(for: 0..<4, alignment: 4, allocator: EmptyAllocator()) == nil)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 200]) func `JSON has readable memory behind it`(_ room: Int) throws {
        // A buffer of exactly so much more memory than text.
        let text = Array(String(repeating: "x", count: 1024 - room).utf8)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(1024)
        buffer.writeBytes(text)
        let sum = unsafe NetworkBody.withJSON(of: buffer, byteCount: text.count) { json in
            var sum = 0
            // Reads what a parser may read; the address sanitizer would complain.
            for index in 0..<(json.count + JSONReader.padding) {
                unsafe sum &+= Int(UnsafeRawPointer(json.baseAddress!).load(fromByteOffset: index, as: UInt8.self))
            }
            return (json.count, unsafe Array(json) == text, sum)
        }
        #expect(sum.0 == text.count)
        #expect(sum.1)
    }

    @Test func `an empty body is empty JSON`() {
        let count = unsafe NetworkBody.withJSON(of: ByteBuffer(), byteCount: 0) { $0.count }
        #expect(count == 0)
    }

    @Test func `an empty body is no compressed one`() {
        #expect(throws: InferenceError.self) { try NetworkBody.decompressed(ByteBuffer(), limits: InputLimits()) }
    }
}
