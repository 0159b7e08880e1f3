import ApusCore
import Testing

@testable import ApusImages

/// What headers say, without any decoder.
struct ImageOutlineTests {
    private func refusal(_ file: [UInt8], _ format: ImageFormat, maxPixels: Int = 1 << 25) -> InferenceError? {
        #expect(throws: InferenceError.self) {
            try outline(file, format, maxPixels: maxPixels)
        }
    }

    @discardableResult
    private func outline(_ file: [UInt8], _ format: ImageFormat, maxPixels: Int) throws -> ImageOutline {
        try ImageOutline(file.span, as: format, maxPixels: maxPixels)
    }

    private func scans(_ file: [UInt8]) -> JPEGScans { JPEGScans(file.span) }

    private func scanCount(_ file: [UInt8]) -> Int { scans(file).count }

    private func ranges(_ file: [UInt8]) throws -> [Range<Int>] { try PNGOutline.essentialRanges(file.span) }

    /// A PNG of which only the header is there.
    private func header(width: UInt32, height: UInt32) -> [UInt8] {
        var file = Fixture.rgb
        for (index, number) in [width, height].enumerated() {
            for byte in 0..<4 { file[16 + index * 4 + byte] = UInt8(truncatingIfNeeded: number >> (24 - byte * 8)) }
        }
        return file
    }

    @Test func `sizes are read`() throws {
        for (file, format, width, height) in [
            (Fixture.rgb, ImageFormat.png, 5, 4), (Fixture.baseline, .jpeg, 24, 16),
            (Fixture.progressive, .jpeg, 24, 16),
        ] {
            let found = try outline(file, format, maxPixels: 384)
            #expect((found.width, found.height, found.isGrey) == (width, height, false))
        }
        #expect(try outline(Fixture.grey, .png, maxPixels: 20).isGrey)
        #expect(try outline(Fixture.greyJPEG, .jpeg, maxPixels: 384).isGrey)
        #expect(try !outline(Fixture.deepGrey, .png, maxPixels: 20).isGrey)
    }

    @Test func `too many pixels are refused by the header`() {
        for (width, height) in [
            (100_000, 100_000), (UInt32.max, UInt32.max), (1 << 31, 1), (65_536, 1), (1, 65_536),
            (4097, 8192),
        ] as [(UInt32, UInt32)] {
            let error = refusal(header(width: width, height: height), .png)
            #expect(error?.code == .tooLarge)
            #expect(error?.message.contains("\(width) × \(height)") == true)
        }
        #expect(refusal(Fixture.baseline, .jpeg, maxPixels: 383)?.code == .tooLarge)
        #expect(refusal(header(width: 0, height: 5), .png)?.code == .invalidArgument)
    }

    @Test func `something else is told by its first bytes`() {
        let mislabelled = refusal(Fixture.rgb, .jpeg)
        #expect(mislabelled?.code == .unsupportedMediaType)
        #expect(mislabelled?.expected == "image/png")
        let text = refusal(Array("GIF89a".utf8), .png)
        #expect(text?.code == .invalidArgument)
        #expect(text?.got == "47 49 46 38")
        #expect(refusal([], .jpeg)?.got == "nothing")
        #expect(refusal([1, 2], .jpeg)?.got == "01 02")
    }

    @Test func `JPEG for printing is refused with what to do`() {
        let error = refusal(Fixture.cmyk, .jpeg)
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("CMYK") == true)
        #expect(error?.hint.contains("sRGB") == true)
    }

    @Test func `segments of a JPEG are walked with care`() {
        let start: [UInt8] = [0xff, 0xd8]
        let frame: [UInt8] = [0xff, 0xc0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0]
        let comment: [UInt8] = [0xff, 0xfe, 0, 4, 1, 2]
        func size(_ parts: [UInt8]...) -> [Int]? {
            let file = start + parts.flatMap(\.self)
            return (try? outline(file, .jpeg, maxPixels: 100)).map { [$0.width, $0.height] }
        }
        #expect(size(frame) == [3, 2])
        #expect(size(comment, [0xff, 0xff], comment, frame) == [3, 2])
        #expect(size([0xff, 0x01], frame) == [3, 2], "a marker that stands alone")
        #expect(size(comment) == nil)
        #expect(size(Array(frame.dropLast(5))) == nil)
        #expect(size([0xff, 0xfe, 0, 1], frame) == nil, "a length that is too short")
        #expect(size([0xff, 0xfe, 0xff, 0xff], frame) == nil, "a length beyond the end")
        #expect(size([0xff, 0xfe, 0, 3, 9, 9], frame) == nil, "segments that don't join")
        #expect(size([0xff, 0xda, 0, 2], frame) == nil, "pixels before their header")
        #expect(size([0xff, 0xc0, 0, 11, 12, 0, 2, 0, 3, 1, 1, 0x11, 0]) == nil, "12 bits")
        let many = [[UInt8]](repeating: [0xff, 0xfe, 0, 2], count: 5000)
        #expect(size(Array(many.joined()), frame) == nil, "too many segments")
    }

    @Test func `a run of fill bytes is passed over only so far`() {
        let frame: [UInt8] = [0xff, 0xc0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0]
        func file(fill: Int) -> [UInt8] { [0xff, 0xd8] + [UInt8](repeating: 0xff, count: fill) + frame }
        #expect(throws: Never.self) { try outline(file(fill: 60_000), .jpeg, maxPixels: 100) }
        let error = refusal(file(fill: 1 << 20), .jpeg)
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("fill bytes") == true)
        // Also in many small runs.
        let run = [UInt8](repeating: 0xff, count: 100) + [0xff, 0xfe, 0, 2]
        let runs = [[UInt8]](repeating: run, count: 1000)
        #expect(refusal([0xff, 0xd8] + runs.joined() + frame, .jpeg)?.message.contains("fill bytes") == true)
    }

    @Test func `coefficients are kept when the first scan isn't the whole picture`() throws {
        func bytes(_ file: [UInt8]) throws -> Int {
            scans(file).coefficientBytes(of: try outline(file, .jpeg, maxPixels: 1 << 20))
        }
        #expect(try bytes(Fixture.baseline) == 0)
        #expect(try bytes(Fixture.greyJPEG) == 0)
        let all = 32 * 32 * 3 * 2
        #expect(try bytes(Fixture.progressive) == all)
        #expect(scans(Fixture.oneScan) == scans(Fixture.baseline))
        #expect(try bytes(Fixture.oneScan) == all)
        #expect(scans(Fixture.oneComponent) == scans(Fixture.greyJPEG))
        #expect(try bytes(Fixture.oneComponent) == all)
    }

    @Test func `scans are counted`() {
        #expect(scanCount(Fixture.baseline) == 1)
        #expect(scanCount(Fixture.greyJPEG) == 1)
        #expect(scanCount(Fixture.progressive) == 10)
        let scan: [UInt8] = [0xff, 0xda, 0, 2, 7, 0xff, 0, 0xff, 0xd3]
        let many: [UInt8] = [0xff, 0xd8] + [[UInt8]](repeating: scan, count: 5000).joined()
        #expect(scanCount(many) == JPEGScans.most + 1)
        // One within a segment is a thumbnail's.
        let thumbnail: [UInt8] = [0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xda, 0, 2]
        #expect(scanCount(thumbnail) == 0)
    }

    @Test func `only chunks that pixels depend on are shown to the decoder`() throws {
        let found = try ranges(Fixture.ancillary)
        #expect(found.count == 2)
        #expect(found.first == 0..<33)
        #expect(try ranges(Fixture.rgb) == [0..<Fixture.rgb.count])
        let pieces =
            [UInt8](repeating: 0, count: 8)
            + Array(String(repeating: "\0\0\0\0aaaa1234\0\0\0\0IDAT1234", count: 3000).utf8)
        #expect(throws: InferenceError.self) { _ = try ranges(pieces) }
        // The last chunk is cut off.
        let cut = Array(Fixture.rgb.dropLast(30))
        #expect(try ranges(cut) == [0..<cut.count])
    }
}
