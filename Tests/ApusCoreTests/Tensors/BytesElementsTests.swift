import ApusCore
import Testing

/// Lengths in BYTES tensors: believed only when they fill the tensor exactly.
struct BytesElementsTests {
    private func count(_ bytes: [UInt8]) -> Int? {
        unsafe BytesElements.count(in: bytes.span.bytes)
    }

    private func ranges(_ bytes: [UInt8]) -> [Range<Int>]? {
        unsafe BytesElements.ranges(in: bytes.span.bytes)
    }

    @Test func `true lengths give the elements' places`() {
        let bytes: [UInt8] = [2, 0, 0, 0, 104, 105, 0, 0, 0, 0, 1, 0, 0, 0, 33]
        #expect(count(bytes) == 3)
        #expect(ranges(bytes) == [4..<6, 10..<10, 14..<15])
        #expect(count([]) == 0)
        #expect(ranges([]) == [])
    }

    @Test func `cut off after any byte that ends no element, there are no elements`() {
        let bytes: [UInt8] = [2, 0, 0, 0, 104, 105, 0, 0, 0, 0, 1, 0, 0, 0, 33]
        for end in 0...bytes.count {
            let expected = [0: 0, 6: 1, 10: 2, 15: 3][end]
            #expect(count(Array(bytes[..<end])) == expected, "\(end) bytes")
            #expect(ranges(Array(bytes[..<end]))?.count == expected, "\(end) bytes")
        }
    }

    @Test func `a lie at any position is found`() {
        let bytes: [UInt8] = [2, 0, 0, 0, 104, 105, 0, 0, 0, 0, 1, 0, 0, 0, 33]
        let lengths = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13]
        for index in lengths {
            for byte in UInt8.min...UInt8.max where byte != bytes[index] {
                var lying = bytes
                lying[index] = byte
                // A first length that swallows its neighbours whole is the truth about other elements.
                if let count = count(lying) {
                    #expect(count < 3 && ranges(lying)?.last?.upperBound == bytes.count, "\(index): \(byte)")
                }
            }
        }
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f, 1], [0, 0, 0, 0x80], [1, 0, 0, 0], [0], [0, 0, 0],
            [0, 0, 0, 0, 0], [0xfc, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        ] as [[UInt8]]
    )
    func `lengths near the ends of 32 bits are lies`(bytes: [UInt8]) {
        #expect(count(bytes) == nil)
        #expect(ranges(bytes) == nil)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `random bytes give places that lie inside, one behind the other`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                Int.random(in: 0...3, using: &generator) > 0 ? 0 : UInt8.random(in: 0...9, using: &generator)
            }
            #expect(count(bytes) == ranges(bytes)?.count)
            guard let ranges = ranges(bytes) else { continue }
            var end = 0
            for range in ranges {
                #expect(range.lowerBound == end + 4)
                end = range.upperBound
            }
            #expect(end == bytes.count)
        }
    }
}
