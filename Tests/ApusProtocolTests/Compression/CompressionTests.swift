import ApusCore
import ApusProtocol
import Testing

struct CompressionTests {
    private func compress(_ bytes: [UInt8], as coding: ContentCoding) -> [UInt8]? {
        unsafe bytes.withUnsafeBytes { unsafe Compression.compress($0, as: coding) }
    }

    private func decompress(_ bytes: [UInt8], limits: InputLimits = InputLimits()) throws(InferenceError) -> [UInt8] {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(InferenceError) in
                var inflater = try unsafe Inflater(buffer, limits: limits)
                var output: [UInt8] = []
                // Rooms of all sizes, so that parts end everywhere.
                var room = 1
                while !inflater.isFinished {
                    room = room * 2 % 65_537 + 1
                    output += unsafe [UInt8](unsafeUninitializedCapacity: room) { memory, count in
                        count = unsafe inflater.fill(UnsafeMutableRawBufferPointer(memory))
                    }
                    try inflater.check()
                }
                return output
            }
        }
        return try result.get()
    }

    private func refusal(_ bytes: [UInt8], limits: InputLimits = InputLimits()) -> InferenceError.Code? {
        do throws(InferenceError) {
            _ = try decompress(bytes, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    private static let sample = Array(String(repeating: #"{"data":[1.25,2.5,3.75]}"#, count: 40).utf8)

    @Test(arguments: [ContentCoding.gzip, .deflate], [100, 1_000, 65_536, 65_537, 1_000_000])
    func `what was compressed comes back`(coding: ContentCoding, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...7, using: &generator) }
        let compressed = try #require(compress(bytes, as: coding))
        #expect(compressed.count < count)
        #expect(Array(compressed.prefix(2)) == (coding == .gzip ? [0x1f, 0x8b] : [0x78, 0x01]))
        #expect(try decompress(compressed) == bytes)
    }

    @Test func `what gains nothing stays as it is`() {
        var generator = SeededGenerator(seed: 1)
        let noise = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for coding in [ContentCoding.gzip, .deflate] {
            #expect(compress(noise, as: coding) == nil)
            #expect(compress([], as: coding) == nil)
        }
        #expect(compress(CompressionTests.sample, as: .identity) == nil)
    }

    @Test func `a stream of nothing gives nothing`() throws {
        #expect(try decompress([0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]) == [])
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `cut off after any byte, a stream is refused`(coding: ContentCoding) throws {
        let compressed = try #require(compress(CompressionTests.sample, as: coding))
        for count in 0..<compressed.count {
            #expect(refusal(Array(compressed[..<count])) == .invalidArgument, "\(count) of \(compressed.count) bytes")
        }
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `with any byte replaced, a stream is refused or gives bytes, and never more than allowed`(
        coding: ContentCoding
    ) throws {
        let compressed = try #require(compress(CompressionTests.sample, as: coding))
        for index in compressed.indices {
            for byte in UInt8.min...UInt8.max {
                var damaged = compressed
                damaged[index] = byte
                guard let bytes = try? decompress(damaged) else { continue }
                // What the checksum doesn't cover: fields of gzip's header.
                #expect(bytes == CompressionTests.sample)
            }
        }
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `bytes behind the stream are refused, a second stream too`(coding: ContentCoding) throws {
        let compressed = try #require(compress(CompressionTests.sample, as: coding))
        #expect(refusal(compressed + [0]) == .invalidArgument)
        #expect(refusal(compressed + compressed) == .invalidArgument)
        #expect(refusal([0] + compressed) == .invalidArgument)
    }

    @Test func `no stream at all is refused`() {
        #expect(refusal([]) == .invalidArgument)
        #expect(refusal(Array("{}".utf8)) == .invalidArgument)
        // A raw deflate stream, a stream that wants a dictionary, and gzip's magic alone.
        #expect(refusal([0x03, 0x00]) == .invalidArgument)
        #expect(refusal([0x78, 0xbb, 0, 0, 0, 1, 0x03, 0, 0, 0, 0, 1]) == .invalidArgument)
        #expect(refusal([0x1f, 0x8b]) == .invalidArgument)
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `a stream that becomes larger than a body may be is refused at the byte`(coding: ContentCoding) throws {
        let compressed = try #require(compress(CompressionTests.sample, as: coding))
        var limits = InputLimits()
        limits.maxBodyBytes = CompressionTests.sample.count
        #expect(try decompress(compressed, limits: limits) == CompressionTests.sample)
        limits.maxBodyBytes -= 1
        #expect(refusal(compressed, limits: limits) == .tooLarge)
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `above one mebibyte the ratio is bounded too`(coding: ContentCoding) throws {
        let floor = try #require(compress([UInt8](repeating: 0, count: 1 << 20), as: coding))
        #expect(try decompress(floor).count == 1 << 20)
        let bomb = try #require(compress([UInt8](repeating: 0, count: 1 << 20 + 1), as: coding))
        #expect(refusal(bomb) == .tooLarge)
        var limits = InputLimits()
        limits.maxCompressionRatio = 2_000
        #expect(try decompress(bomb, limits: limits).count == 1 << 20 + 1)
        limits.maxCompressionRatio = .max
        #expect(try decompress(bomb, limits: limits).count == 1 << 20 + 1)
    }

    @Test func `a bomb as large as a body may be is stopped by its ratio`() throws {
        // 64 MiB of zeros in 300 KB, and the limit on the body would allow them.
        let bomb = try #require(compress([UInt8](repeating: 0, count: 64 << 20), as: .gzip))
        #expect(refusal(bomb) == .tooLarge)
    }
}
