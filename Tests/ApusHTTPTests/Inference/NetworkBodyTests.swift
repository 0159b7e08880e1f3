import ApusCore
import ApusProtocol
import NIOCore
import Testing

@testable import ApusHTTP

struct NetworkBodyTests {
    private func bytes(_ storage: TensorStorage) -> [UInt8] {
        unsafe storage.withUnsafeBytes { unsafe Array($0) }
    }

    private func storage(
        _ body: NetworkBody,
        _ range: Range<Int>,
        alignment: Int,
        allocator: any TensorAllocator = HeapTensorAllocator()
    ) throws(InferenceError) -> TensorStorage {
        var memory = RequestMemory(allocator: allocator, budget: nil)
        return try body.makeStorage(for: range, alignment: alignment, memory: &memory)
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
                let storage = try storage(body, range, alignment: alignment)
                #expect(storage.isAligned(to: alignment))
                #expect(bytes(storage) == Array(content[(offset + range.lowerBound)..<(offset + range.upperBound)]))
            }
        }
    }

    @Test func `borrowed memory isn't changed by who writes to the buffer later`() throws {
        var buffer = ByteBuffer(bytes: content)
        let storage = try storage(NetworkBody(buffer), 0..<32_768, alignment: 1)
        buffer.clear()
        buffer.writeRepeatingByte(0xee, count: 40_000)
        #expect(bytes(storage) == Array(content[..<32_768]))
    }

    @Test func `no memory is no storage`() {
        struct EmptyAllocator: TensorAllocator {
            func allocate(byteCount: Int, alignment: Int) -> TensorStorage? { nil }
        }
        let body = NetworkBody(ByteBuffer(bytes: content))
        let error = #expect(throws: InferenceError.self) {
            try storage(body, 0..<4, alignment: 4, allocator: EmptyAllocator())
        }
        #expect(error?.code == .resourceExhausted)
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
        #expect(throws: InferenceError.self) {
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
            _ = try NetworkBody.decompressed(ByteBuffer(), limits: InputLimits(), memory: &memory)
        }
    }

    @Test(arguments: [0, 1, 4000, 4031, 4032, 4033, 65_536, 300_000])
    func `a decompressed body has readable memory behind it, and its memory is charged`(_ byteCount: Int) throws {
        let plain = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        guard let body = NetworkBody.compressed(ByteBuffer(bytes: plain), as: .gzip) else { return }
        let budget = ByteBudget(limit: 2 << 20)
        do {
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
            let buffer = try NetworkBody.decompressed(ByteBuffer(bytes: body), limits: InputLimits(), memory: &memory)
            #expect(Array(buffer.readableBytesView) == plain)
            #expect(buffer.storageCapacity - buffer.writerIndex >= JSONReader.padding)
            #expect(budget.inUse == (buffer.storageCapacity > RequestMemory.freeBytes ? buffer.storageCapacity : 0))
        }
        #expect(budget.inUse == 0)
    }

    @Test func `what a body decompresses to is charged before it is taken`() throws {
        let body = try #require(
            NetworkBody.compressed(ByteBuffer(repeating: 0, count: 1 << 20), as: .gzip)
        )
        let budget = ByteBudget(limit: 1 << 20)
        let error = #expect(throws: InferenceError.self) {
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
            _ = try NetworkBody.decompressed(ByteBuffer(bytes: body), limits: InputLimits(), memory: &memory)
        }
        #expect(error?.code == .resourceExhausted)
        #expect(budget.inUse == 0)
    }
}
