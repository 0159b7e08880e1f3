import ApusCore
import Testing

@testable import ApusImages

/// Files through the real libraries; `scripts/test` installs them.
struct ImageDecoderTests {
    private func decode(
        _ file: [UInt8],
        _ format: ImageFormat = .png,
        for input: ImageInput = .plain(5, 4),
        libraries: ImageLibraries = ImageLibraries(),
        budget: ByteBudget? = nil
    ) throws(InferenceError) -> [UInt8] {
        let decoder = ImageDecoder(libraries: libraries, maxPixels: 1 << 20)
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        let outline = try decoder.outline(file.span, as: format)
        return try decoder.decode(file.span, outline: outline, for: input, memory: &memory).contents
    }

    private static let colors = (0..<4).flatMap { y in (0..<5).flatMap { x in Fixture.color(x, y) } }

    @Test(arguments: [
        Fixture.rgb, Fixture.interlaced, Fixture.rgba, Fixture.deep, Fixture.palette, Fixture.ancillary,
    ])
    func `every kind of PNG gives its colours`(file: [UInt8]) throws {
        #expect(try decode(file) == ImageDecoderTests.colors)
    }

    @Test(arguments: [Fixture.grey, Fixture.greyAlpha, Fixture.deepGrey])
    func `grey is grey in one channel and in three`(file: [UInt8]) throws {
        let values = (0..<4).flatMap { _ in (0..<5).map { x in UInt8(x * 40 + 3) } }
        #expect(try decode(file, for: .plain(5, 4, .grey)) == values)
        #expect(try decode(file) == values.flatMap { [$0, $0, $0] })
    }

    @Test func `one bit is black or white`() throws {
        let values = (0..<4).flatMap { y in (0..<5).map { x in UInt8((x + y) % 2 * 255) } }
        #expect(try decode(Fixture.bilevel, for: .plain(5, 4, .grey)) == values)
    }

    @Test func `colours lie as the layout says, in the order that it says`() throws {
        let planes = (0..<3).map { channel in
            (0..<4).flatMap { y in (0..<5).map { x in Fixture.color(x, y)[channel] } }
        }
        #expect(try decode(Fixture.rgb, for: .plain(5, 4, layout: .nchw)) == planes.flatMap(\.self))
        #expect(try decode(Fixture.rgb, for: .plain(5, 4, .bgr, layout: .nchw)) == planes.reversed().flatMap(\.self))
        let reversed = (0..<4).flatMap { y in (0..<5).flatMap { x in Fixture.color(x, y).reversed() } }
        #expect(try decode(Fixture.rgb, for: .plain(5, 4, .bgr)) == reversed)
    }

    @Test(arguments: [DataType.uint16, .int32, .fp64])
    func `elements have the size of their type`(dataType: DataType) throws {
        let size = try #require(dataType.byteSize)
        let expected = ImageDecoderTests.colors.flatMap { [$0] + [UInt8](repeating: 0, count: size - 1) }
        #expect(try decode(Fixture.rgb, for: .plain(5, 4, dataType: dataType)) == expected)
    }

    @Test(arguments: [Fixture.baseline, Fixture.progressive])
    func `JPEG gives its colours, nearly`(file: [UInt8]) throws {
        let pixels = try decode(file, .jpeg, for: .plain(24, 16))
        let expected: [(x: Int, y: Int, color: [Int])] = [
            (4, 4, [200, 40, 60]), (12, 4, [10, 220, 90]), (20, 4, [30, 60, 240]), (4, 12, [255, 255, 255]),
            (12, 12, [0, 0, 0]), (20, 12, [128, 128, 128]),
        ]
        for (x, y, color) in expected {
            for channel in 0..<3 { #expect(abs(Int(pixels[(y * 24 + x) * 3 + channel]) - color[channel]) <= 3) }
        }
        let grey = try decode(file, .jpeg, for: .plain(24, 16, .grey))
        #expect(abs(Int(grey[4 * 24 + 4]) - 90) <= 3)
    }

    @Test func `grey JPEG fills all channels`() throws {
        let grey = try decode(Fixture.greyJPEG, .jpeg, for: .plain(24, 16, .grey))
        #expect(abs(Int(grey[4 * 24 + 4]) - 90) <= 3)
        #expect(try decode(Fixture.greyJPEG, .jpeg, for: .plain(24, 16)) == grey.flatMap { [$0, $0, $0] })
    }

    @Test func `a picture comes in the model's size`() throws {
        #expect(try decode(Fixture.rgb, for: .plain(1, 1)).count == 3)
        #expect(try decode(Fixture.baseline, .jpeg, for: .plain(100, 3)).count == 900)
    }

    @Test(arguments: [(Fixture.rgb, ImageFormat.png), (Fixture.baseline, .jpeg), (Fixture.progressive, .jpeg)])
    func `a file that is cut off anywhere is refused`(file: [UInt8], format: ImageFormat) throws {
        // What a PNG has behind its pixels, and a JPEG's last marker, aren't waited for.
        for count in 0..<file.count - (format == .png ? 20 : 2) {
            let error = #expect(throws: InferenceError.self) { try decode(Array(file[..<count]), format) }
            #expect(error?.code == .invalidArgument, "\(count) bytes: \(String(describing: error))")
        }
    }

    @Test func `no damage brings anything down`() {
        var generator = SplitMix(seed: 5)
        for (file, format) in [
            (Fixture.rgb, ImageFormat.png), (Fixture.ancillary, .png), (Fixture.interlaced, .png),
            (Fixture.palette, .png), (Fixture.baseline, .jpeg), (Fixture.progressive, .jpeg), (Fixture.cmyk, .jpeg),
        ] {
            for _ in 0..<500 {
                var damaged = file
                for _ in 0...Int.random(in: 0...3, using: &generator) {
                    damaged[Int.random(in: 0..<file.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
                do throws(InferenceError) {
                    _ = try decode(damaged, format)
                } catch {
                    #expect(error.code != .internalFailure)
                }
            }
        }
    }

    @Test func `what decoding takes is charged before, and given back`() throws {
        let budget = ByteBudget(limit: 20)
        let error = #expect(throws: InferenceError.self) { try decode(Fixture.rgb, budget: budget) }
        #expect(error?.code == .resourceExhausted)
        #expect(budget.inUse == 0)
        let enough = ByteBudget(limit: 1 << 20)
        _ = try decode(Fixture.progressive, .jpeg, budget: enough)
        #expect(enough.inUse == 0)
    }

    @Test(arguments: [Fixture.progressive, Fixture.oneScan, Fixture.oneComponent])
    func `what the decoder keeps of a whole JPEG is charged`(file: [UInt8]) {
        let others = 24 * 16 * 3 + ImageResizer.byteCount(from: (24, 16), to: (24, 16), channels: 3)
        func code(limit: Int) -> InferenceError.Code? {
            do throws(InferenceError) {
                _ = try decode(file, .jpeg, for: .plain(24, 16), budget: ByteBudget(limit: limit))
                return nil
            } catch {
                return error.code
            }
        }
        let coefficients = 32 * 32 * 3 * 2
        #expect(code(limit: others + coefficients - 1) == .resourceExhausted)
        // There is nothing to decode in one of them.
        #expect(code(limit: others + coefficients) == (file == Fixture.oneComponent ? .invalidArgument : nil))
    }

    @Test func `a library that isn't there is named with its package`() throws {
        let libraries = ImageLibraries(jpeg: "libnone.so.1", png: "libnothing.so.2")
        for (file, format, words) in [
            (Fixture.rgb, ImageFormat.png, ["libnothing.so.2", "libspng0"]),
            (Fixture.baseline, .jpeg, ["libnone.so.1", "libturbojpeg0"]),
        ] {
            let error = #expect(throws: InferenceError.self) { try decode(file, format, libraries: libraries) }
            #expect(error?.code == .unsupported)
            #expect(words.allSatisfy { "\(error?.message ?? "") \(error?.hint ?? "")".contains($0) })
        }
        // A library of another kind lacks the functions.
        let other = ImageLibraries(jpeg: "libc.so.6", png: "libc.so.6")
        #expect(throws: InferenceError.self) { try decode(Fixture.rgb, libraries: other) }
    }

    @Test func `small pictures are told from long ones`() throws {
        let decoder = ImageDecoder(libraries: ImageLibraries(), maxPixels: 1 << 20)
        let file = Fixture.rgb
        let outline = try decoder.outline(file.span, as: .png)
        // The library is still to be looked for.
        #expect(decoder.isLong(outline, byteCount: 130, for: .plain(28, 28)))
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        _ = try decoder.decode(file.span, outline: outline, for: .plain(28, 28), memory: &memory)
        #expect(!decoder.isLong(outline, byteCount: 130, for: .plain(28, 28)))
        #expect(decoder.isLong(outline, byteCount: 130, for: .plain(224, 224)))
        #expect(decoder.isLong(outline, byteCount: 100_000, for: .plain(28, 28)))
    }
}

/// Random numbers that a seed repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
