import Testing

@testable import ApusImages

/// Sizes against Pillow 13: `Image.resize(size, Image.BILINEAR)`, equal to the last bit.
struct ImageResizerTests {
    /// 7 × 5 pixels.
    private static let source: [UInt8] = {
        var values: [UInt8] = []
        for y in 0..<5 {
            for x in 0..<7 {
                for channel in 0..<3 { values.append(UInt8((x * 37 + y * 91 + channel * 50) % 256)) }
            }
        }
        return values
    }()

    private func resize(_ pixels: [UInt8], _ old: (Int, Int), to new: (Int, Int), channels: Int = 3) -> [UInt8] {
        var result: [UInt8] = []
        let resizer = ImageResizer(from: old, to: new, channels: channels)
        unsafe pixels.withUnsafeBufferPointer { pixels in
            unsafe resizer.run(pixels.baseAddress!) { row, values in
                #expect(row * new.0 * channels == result.count)
                unsafe result.append(contentsOf: UnsafeBufferPointer(start: values, count: new.0 * channels))
            }
        }
        return result
    }

    @Test func `smaller and larger pictures equal Pillow's`() {
        let smaller: [UInt8] = [
            55, 105, 141, 130, 165, 162, 163, 131, 98, 138, 142, 122, 131, 139, 93, 95, 113, 163, 95, 99, 111, 96, 140,
            146, 169, 166, 120, 117, 167, 176, 140, 111, 97, 83, 111, 119,
        ]
        #expect(resize(ImageResizerTests.source, (7, 5), to: (3, 4)) == smaller)
        let lower: [UInt8] = [
            79, 129, 121, 116, 108, 158, 95, 145, 90, 132, 182, 127, 169, 114, 153, 101, 151, 108, 138, 95, 145, 87,
            137,
            129, 124, 116, 166, 103, 153, 110, 140, 108, 147, 95, 134, 79, 121, 171, 116, 158, 103, 153,
        ]
        #expect(resize(ImageResizerTests.source, (7, 5), to: (7, 2)) == lower)
        #expect(resize(ImageResizerTests.source, (7, 5), to: (1, 1)) == [118, 132, 128])
        let larger = resize(ImageResizerTests.source, (7, 5), to: (10, 8))
        let first: [UInt8] = [
            0, 50, 100, 20, 70, 120, 46, 96, 146, 72, 122, 172, 98, 148, 198, 124, 174, 224, 150, 200, 237, 176, 226,
            84,
            202, 136, 46, 222, 16, 66,
        ]
        let last: [UInt8] = [
            108, 158, 208, 128, 178, 228, 154, 204, 190, 180, 230, 37, 206, 90, 50, 142, 26, 76, 2, 52, 102, 28, 78,
            128,
            54, 104, 154, 74, 124, 174,
        ]
        #expect(larger.count == 240)
        #expect(Array(larger.prefix(30)) == first)
        #expect(Array(larger.suffix(30)) == last)
    }

    @Test func `a channel by itself is resized as among others`() {
        let planes = (0..<3).map { channel in
            stride(from: channel, to: 105, by: 3).map { ImageResizerTests.source[$0] }
        }
        for size in [(3, 4), (10, 8), (7, 2), (1, 9), (30, 1)] {
            let whole = resize(ImageResizerTests.source, (7, 5), to: size)
            for channel in 0..<3 {
                let alone = resize(planes[channel], (7, 5), to: size, channels: 1)
                #expect(alone == stride(from: channel, to: whole.count, by: 3).map { whole[$0] })
            }
        }
    }

    @Test func `the same size changes nothing`() {
        #expect(resize(ImageResizerTests.source, (7, 5), to: (7, 5)) == ImageResizerTests.source)
    }

    @Test func `one colour stays itself at every size`() {
        for size in [(1, 1), (2, 50), (50, 2), (13, 11)] {
            let pixels = resize([UInt8](repeating: 201, count: 17 * 9), (17, 9), to: size, channels: 1)
            #expect(pixels.allSatisfy { $0 == 201 })
        }
    }

    @Test func `a single column takes little memory`() {
        #expect(ImageResizer.byteCount(from: (1, 65_535), to: (224, 224), channels: 3) < 2 << 20)
        #expect(ImageResizer.byteCount(from: (4000, 3000), to: (224, 224), channels: 3) < 200 << 10)
    }

    @Test func `grey is Pillow's`() {
        var pixels = ImageResizerTests.source
        unsafe pixels.withUnsafeMutableBufferPointer { unsafe Grey.convert($0) }
        let expected: [UInt8] = [
            41, 78, 115, 152, 189, 197, 83, 132, 169, 177, 214, 100, 61, 98, 194, 80, 41, 78, 115, 152, 189, 58, 95,
            132,
            169, 177, 214, 100, 149, 186, 194, 80, 41, 78, 115,
        ]
        #expect(Array(pixels.prefix(35)) == expected)
    }
}
