import ApusCore
import ApusProtocol
import Testing

/// Real numbers in `data`: each rounded once, to the nearest of its type.
struct V2RealNumberTests {
    private func decoded<Element: BitwiseCopyable>(
        _ texts: [some StringProtocol],
        as dataType: DataType,
        _ type: Element.Type
    ) throws -> [Element] {
        let data = "[\(texts.joined(separator: ","))]"
        return try TestRequest(dataType: dataType, shape: "[\(texts.count)]", data: data).elements(as: type)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `fifty thousand random FP32 bit patterns survive being written and read`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let patterns = (0..<50_000).map { _ in UInt32(truncatingIfNeeded: generator.next()) }
        let answer = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: Tensor(.fp32, patterns))])
        let texts = answer.numberTexts
        try #require(texts.count == patterns.count)
        let read = try decoded(texts, as: .fp32, Float.self)
        let wrong = patterns.indices.filter { index in
            let written = Float(bitPattern: patterns[index])
            return written.isNaN ? !read[index].isNaN : read[index].bitPattern != patterns[index]
        }
        #expect(wrong.isEmpty, "first: \(wrong.prefix(5).map { (patterns[$0], texts[$0], read[$0]) })")
    }

    @Test func `fifty thousand random FP64 bit patterns survive being written and read`() throws {
        var generator = SeededGenerator(seed: 3)
        let patterns = (0..<50_000).map { _ in generator.next() }
        let answer = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: Tensor(.fp64, patterns))])
        let texts = answer.numberTexts
        try #require(texts.count == patterns.count)
        let read = try decoded(texts, as: .fp64, Double.self)
        let wrong = patterns.indices.filter { index in
            let written = Double(bitPattern: patterns[index])
            return written.isNaN ? !read[index].isNaN : read[index].bitPattern != patterns[index]
        }
        #expect(wrong.isEmpty, "first: \(wrong.prefix(5).map { (patterns[$0], texts[$0], read[$0]) })")
    }

    @Test func `FP32 texts near the middle of two floats are rounded once`() throws {
        var generator = SeededGenerator(seed: 4)
        var texts = [
            "16777217", "16777217.0", "16777217.00000000000000000001", "16777216.99999999999999999999",
            "16777219", "16777219.00000000000000000001", "16777218.99999999999999999999", "1.6777217e7",
            "1.00000005960464477539062500000000000000000000", "1.00000005960464477539062500000000000000000001",
            "1.00000017881393432617187499", "1.00000017881393432617187500", "1.000000178813934326171875",
            "7.006492321624085e-46", "7.00649232162408535461864791644958e-46", "7.0064923216240854e-46",
            "3.4028235677973366e38", "3.4028235677973365e38", "1e-46", "-1e-46", "-0", "-0.0", "0e999",
            "5.06057010069941e-39",
        ]
        for _ in 0..<20_000 {
            let low = Float(bitPattern: UInt32.random(in: 0..<0x7f7f_ffff, using: &generator))
            let middle = (Double(low) + Double(low.nextUp)) / 2
            texts.append(middle.description)
            texts.append(middle.nextDown.description)
            texts.append(middle.nextUp.description)
            // A digit far behind what a double can see.
            if let mark = middle.description.firstIndex(of: "e") {
                let text = middle.description
                texts.append("\(text[..<mark])00000000000001\(text[mark...])")
            } else {
                texts.append("\(middle.description)00000000000001")
            }
        }
        texts = texts.filter { Float($0)?.isFinite == true }
        // A number below everything has the whole array read the slow way.
        for all in [texts, texts + ["1e-400"]] {
            let read = try decoded(all, as: .fp32, UInt32.self)
            let wrong = all.indices.filter { read[$0] != Float(all[$0])?.bitPattern }
            #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5).map { all[$0] })")
        }
    }

    @Test func `FP32 texts of as many digits as are read in one go are rounded once`() throws {
        var generator = SeededGenerator(seed: 6)
        var texts = [
            "1.000000059604644775", "1.000000059604644776", "16777217.00000000001", "16777216.99999999999",
            "3402823567797336616e20", "-3402823567797336616e20", "4611686018427387904", "4611686018427387905",
            "9223372036854775807", "9999999999999999999", "0.1234567890123456789", "9999999999999999999e-22",
        ]
        for _ in 0..<20_000 {
            // 16 to 19 digits around the middle of two floats, and anywhere.
            let low = Float.random(in: 1e-6...1e12, using: &generator)
            let middle = (Double(low) + Double(low.nextUp)) / 2
            let text = middle.description
            let room = 19 - text.utf8.count { (48...57).contains($0) }
            if text.contains("."), !text.contains("e"), room > 0 {
                texts.append(text + String(repeating: "0", count: room - 1) + "1")
            }
            let digits = UInt64.random(in: 1_000_000_000_000_000...9_999_999_999_999_999_999, using: &generator)
            texts.append("\(digits)e\(Int.random(in: -22...18, using: &generator))")
        }
        let read = try decoded(texts, as: .fp32, UInt32.self)
        let wrong = texts.indices.filter { read[$0] != Float(texts[$0])?.bitPattern }
        #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5).map { texts[$0] })")
        // One more in the last place is nearer to what FP32 can't hold.
        for text in ["3402823567797336617e20", "-3402823567797336617e20"] {
            let request = TestRequest(dataType: .fp32, shape: "[1]", data: "[\(text)]")
            #expect(request.refusal()?.message.contains("is out of range for FP32") == true)
        }
    }

    @Test func `FP64 texts of any number of digits are rounded once`() throws {
        var generator = SeededGenerator(seed: 5)
        let texts = (0..<50_000).map { _ in
            let digits = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                String(Int.random(in: 0...9, using: &generator))
            }
            let fraction = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                String(Int.random(in: 0...9, using: &generator))
            }
            let whole = digits.joined().drop { $0 == "0" }
            let exponent = ["", "e5", "E-7", "e+22", "e-22", "e23", "e-300", "e270"].randomElement(using: &generator)
            return (Bool.random(using: &generator) ? "-" : "") + (whole.isEmpty ? "0" : whole)
                + (fraction.isEmpty ? "" : "." + fraction.joined()) + (exponent ?? "")
        }
        for all in [texts, texts + ["1e-400"]] {
            let read = try decoded(all, as: .fp64, UInt64.self)
            let wrong = all.indices.filter { read[$0] != Double(all[$0])?.bitPattern }
            #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5).map { all[$0] })")
        }
    }

    @Test func `many digits behind a leading zero are no trouble, in tensors and parameters`() throws {
        // simdjson before 3.6.3 reads this as 0.0276628.
        let text = "0.95000000000000000000"
        #expect(try decoded([text], as: .fp64, Double.self) == [0.95])
        #expect(try decoded([text, "1e-400"], as: .fp64, Double.self) == [0.95, 0])
        let request = TestRequest(#"{"parameters":{"p":\#(text)}}"#)
        #expect(try request.decode().parameters == ["p": .double(0.95)])
        let integer = TestRequest(dataType: .int32, shape: "[1]", data: "[0.95000000000000000000e2]")
        #expect(try integer.elements(as: Int32.self) == [95])
    }

    @Test(
        arguments: [
            ("1e-400", 0.0), ("-1e-400", -0.0), ("0.1e-99999999999999999999", 0.0), ("1e-99999999999999999999", 0.0),
            ("0." + String(repeating: "0", count: 400) + "1", 0.0), ("123e-330", 0.0),
            ("4.94e-324", Double.leastNonzeroMagnitude),
            ("0e99999999999999999999", 0.0), ("-0.000e400", -0.0),
        ] as [(String, Double)]
    )
    func `what is too small is zero, or the smallest number`(text: String, value: Double) throws {
        #expect(try decoded([text], as: .fp64, UInt64.self) == [value.bitPattern])
        #expect(try decoded([text], as: .fp32, UInt32.self) == [Float(value).bitPattern])
    }

    @Test func `every FP16 value and every middle of two is read as the nearest`() throws {
        var numbers: [Double] = []
        for pattern in UInt16.min...UInt16.max {
            let value = Float16(bitPattern: pattern)
            guard value.isFinite else { continue }
            numbers.append(Double(value))
            let next = Float16(bitPattern: pattern + 1)
            guard next.isFinite else { continue }
            let middle = (Double(value) + Double(next)) / 2
            numbers += [middle, middle.nextUp, middle.nextDown]
        }
        let read = try decoded(numbers.map(\.description), as: .fp16, UInt16.self)
        let wrong = numbers.indices.filter { read[$0] != Float16(numbers[$0]).bitPattern }
        #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5).map { (numbers[$0], read[$0]) })")
    }

    @Test func `every BF16 value and every middle of two is read as the nearest`() throws {
        var numbers: [Double] = []
        for pattern in UInt16.min...UInt16.max {
            let value = Brain(bitPattern: pattern)
            guard value.isFinite else { continue }
            numbers.append(value.value)
            let next = Brain(bitPattern: pattern + 1)
            guard next.isFinite else { continue }
            let middle = (value.value + next.value) / 2
            numbers += [middle, middle.nextUp, middle.nextDown]
        }
        let read = try decoded(numbers.map(\.description), as: .bf16, UInt16.self)
        let wrong = numbers.indices.filter { read[$0] != Brain(nearest: numbers[$0]).bitPattern }
        #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5).map { (numbers[$0], read[$0]) })")
    }

    @Test(arguments: [DataType.fp16, .bf16])
    func `every value of a 16-bit type survives being written and read`(dataType: DataType) throws {
        let patterns = Array(UInt16.min...UInt16.max)
        let answer = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: Tensor(dataType, patterns))])
        let read = try decoded(answer.numberTexts, as: dataType, UInt16.self)
        let exponents: UInt16 = dataType == .fp16 ? 0x7c00 : 0x7f80
        let wrong = patterns.filter { pattern in
            let isNaN = pattern & 0x7fff > exponents
            return isNaN ? read[Int(pattern)] & 0x7fff <= exponents : read[Int(pattern)] != pattern
        }
        #expect(wrong.isEmpty, "\(wrong.count), first: \(wrong.prefix(5))")
    }

    @Test(
        arguments: [
            (.fp16, "65519.99", "65520"), (.fp16, "-65519.99", "-65520"), (.bf16, "3.3961e38", "3.3962e38"),
            (.fp32, "3.4028235677973365e38", "3.4028235677973367e38"), (.fp64, "1.7976931348623158e308", "1.8e308"),
            (.fp64, "-1.7976931348623158e308", "-1e309"), (.fp32, "1e38", "1e39"),
            (.fp64, "0", "1e99999999999999999999"), (.fp64, "0", "\("1" + String(repeating: "0", count: 309))"),
            (.fp32, "0", "0.00001e400"),
        ] as [(DataType, String, String)]
    )
    func `what would round to infinity is out of range`(dataType: DataType, inside: String, outside: String) throws {
        _ = try TestRequest(dataType: dataType, shape: "[1]", data: "[\(inside)]").tensor()
        let error = TestRequest(dataType: dataType, shape: "[2]", data: "[0,\(outside)]").refusal()
        // Of a long number the first 40 characters come back.
        let shown = outside.prefix(40)
        #expect(error?.message == "'inputs[0].data[1]': \(shown) is out of range for \(dataType.rawValue)")
    }

    @Test(arguments: DataType.reals)
    func `the bare words NaN and Infinity are numbers`(dataType: DataType) throws {
        let data = "[ NaN , [Infinity,-Infinity\n],\t1]"
        let tensor = try TestRequest(dataType: dataType, shape: "[4]", data: data).tensor()
        let answer = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: tensor)])
        #expect(answer.numberTexts == ["NaN", "Infinity", "-Infinity", "1.0"])
    }

    @Test(
        arguments: [
            "nan", "NAN", "-NaN", "+NaN", "Inf", "-Inf", "infinity", "+Infinity", "- Infinity", "Na", "NaNN", "NaN1",
            "InfinityX", "Infinit", "--Infinity", "NaN\u{b}", "Infinity\u{1}", "\"NaN\"", "null", "true", "[", "{}",
        ]
    )
    func `other words are refused`(word: String) {
        for dataType in DataType.reals {
            let error = TestRequest(dataType: dataType, shape: "[2]", data: "[1,\(word)]").refusal()
            #expect(error?.code == .invalidArgument, "\(dataType)")
        }
    }

    @Test(
        arguments: [
            #"{"id":NaN}"#, #"{"x":NaN}"#, #"{"x":[Infinity]}"#, #"{"parameters":{"p":NaN}}"#, #"{"inputs":NaN}"#,
            #"{"parameters":{"priority":Infinity}}"#, #"{"inputs":[NaN]}"#, "NaN", #"{"outputs":[{"name":NaN}]}"#,
            #"{"inputs":[{"name":"x","shape":[NaN],"datatype":"FP32","data":[1]}]}"#,
            #"{"inputs":[{"name":"x","shape":[1],"datatype":NaN,"data":[1]}]}"#,
            #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":NaN}]}"#,
            #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"a":-Infinity}}]}"#,
        ]
    )
    func `the bare words are refused outside data`(json: String) {
        #expect(TestRequest(json).refusal()?.code == .invalidArgument)
    }
}
