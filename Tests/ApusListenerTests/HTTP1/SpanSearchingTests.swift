import Testing

@testable import ApusListener

struct SpanSearchingTests {
    @Test func `a byte is found where it first stands`() {
        var random = SplitMix.seeded("bytes in a range")
        for _ in 0..<5000 {
            // Few values, so that some differ from the one sought in the lowest bit only and stand beside it.
            let bytes: [UInt8] = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                [0x22, 0x23, 0x24, 0xa3, 0x00, 0xff].randomElement(using: &random) ?? 0x23
            }
            let lower = Int.random(in: 0...bytes.count, using: &random)
            let range = lower..<Int.random(in: lower...bytes.count, using: &random)
            let found = bytes.span.firstIndex(of: 0x23, in: range)
            #expect(found == bytes[range].firstIndex(of: 0x23), "\(bytes) in \(range)")
        }
    }

    @Test func `a control character is found where it first stands`() {
        var random = SplitMix.seeded("control characters")
        for _ in 0..<5000 {
            let bytes: [UInt8] = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Int.random(in: 0..<20, using: &random) == 0
                    ? UInt8.random(in: 0...0xff, using: &random)
                    : [0x21, 0x22, 0x7e, 0x80, 0xff].randomElement(using: &random) ?? 0x21
            }
            let start = Int.random(in: 0...bytes.count, using: &random)
            for limit in [0x20, 0x21] as [UInt8] {
                let found = bytes.span.firstIndexOfControl(below: limit, from: start)
                let expected = bytes[start...].firstIndex { $0 < limit || $0 == 0x7f } ?? bytes.count
                #expect(found == expected, "\(bytes) from \(start)")
            }
        }
    }

    @Test func `every byte alone is a control character or isn't`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<8 {
                var bytes = [UInt8](repeating: 0x41, count: 8)
                bytes[place] = byte
                let isControl = byte < 0x20 || byte == 0x7f
                #expect(bytes.span.firstIndexOfControl(below: 0x20, from: 0) == (isControl ? place : 8))
            }
        }
    }
}
