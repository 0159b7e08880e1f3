import ApusCore
import ApusProtocol
import Testing

/// BYTES in `data`: JSON strings, unescaped, each behind its length.
struct V2BytesTests {
    private func strings(_ data: String, count: Int) throws -> [[UInt8]] {
        try TestRequest(dataType: .bytes, shape: "[\(count)]", data: data).tensor().byteStrings
    }

    @Test func `strings become elements, empty ones too`() throws {
        let tensor = try TestRequest(dataType: .bytes, shape: "[2,2]", data: #"[["a",""],["bcd","é😀"]]"#).tensor()
        #expect(
            tensor.byteArray == [1, 0, 0, 0, 97, 0, 0, 0, 0, 3, 0, 0, 0, 98, 99, 100, 6, 0, 0, 0]
                + Array("é😀".utf8)
        )
        #expect(tensor.shape.dimensions == [2, 2])
    }

    @Test func `no strings are no bytes`() throws {
        #expect(try TestRequest(dataType: .bytes, shape: "[0]", data: "[]").tensor().storage.byteCount == 0)
        #expect(try TestRequest(dataType: .bytes, shape: "[3,0]", data: "[[],[],[]]").tensor().storage.byteCount == 0)
    }

    @Test func `every escape is undone`() throws {
        let data = #"["\"\\\/\b\f\n\r\t","\u0041\u00e9\u20ac\ud83d\ude00","\u0000a\u0000"]"#
        #expect(
            try strings(data, count: 3) == [
                [0x22, 0x5c, 0x2f, 0x08, 0x0c, 0x0a, 0x0d, 0x09], Array("Aé€😀".utf8), [0, 0x61, 0],
            ]
        )
    }

    @Test(
        arguments: [
            #""\ud83d""#, #""\ude00""#, #""\ude00\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#,
            #""\ud83d\u0041""#, #""\u12""#, #""\u12g4""#, #""\x""#, #""\"#, "\"a\nb\"", "\"a\u{0}b\"", "\"a\tb\"",
            "\"a", "a\"", "1", "null", "true", "{}", "NaN", "'a'",
        ]
    )
    func `lone surrogates, wrong escapes, raw control characters and other values are refused`(value: String) {
        let error = TestRequest(dataType: .bytes, shape: "[2]", data: #"["ok",\#(value)]"#).refusal()
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        arguments: [
            [0x80], [0xff], [0xc3], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98],
            [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe],
        ] as [[UInt8]]
    )
    func `what isn't UTF-8 is refused wherever it stands`(bytes: [UInt8]) {
        let before = #"{"skipped":"?","inputs":[{"name":"?","shape":[1],"datatype":"BYTES","data":["?"]}]}"#
        for number in 0..<3 {
            var parts = before.split(separator: "?").map { Array($0.utf8) }
            parts[number] += bytes
            let error = TestRequest(bytes: Array(parts.joined(separator: Array("x".utf8)))).refusal()
            #expect(error?.message == "failed to parse the request JSON buffer: the text is not UTF-8")
        }
    }

    @Test func `twenty thousand strings of all lengths come back`() throws {
        var generator = SeededGenerator(seed: 6)
        let strings = (0..<20_000).map { _ in
            Array(String(repeating: "ab\\\"\u{e9}", count: Int.random(in: 0...7, using: &generator)).utf8)
        }
        let answer = try TestAnswer(outputs: [NamedTensor(name: "s", tensor: Tensor(strings: strings))])
        let start = try #require(answer.text.firstRange(of: "[\"")).lowerBound
        let data = answer.text[start...].dropLast(3)
        #expect(try self.strings(String(data), count: strings.count) == strings)
    }

    @Test func `one string of eight mebibytes comes back`() throws {
        let text = String(repeating: "0123456789abcde\\n", count: 1 << 19)
        let element = try #require(try strings("[\"\(text)\"]", count: 1).first)
        #expect(element.count == 1 << 23)
        #expect(element.filter { $0 == 0x0a }.count == 1 << 19)
    }
}
