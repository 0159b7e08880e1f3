import ApusCore
import ApusProtocol
import Testing

/// Shape against data, nesting, and what stands around the document.
struct V2ShapeTests {
    @Test(
        arguments: [
            ("[4]", "[1,2,3,4]"), ("[2,2]", "[[1,2],[3,4]]"), ("[2,2]", "[1,2,3,4]"), ("[4]", "[[1],[[2]],3,[[[4]]]]"),
            ("[1,4]", "[[[1,2],3],4]"), ("[4,1]", " [ 1 , 2\n,\t3\r, 4 ] "), ("[2,2]", "[[],[1,2],[],[3,4,[]]]"),
        ]
    )
    func `data may be nested, flat, or any mixture`(shape: String, data: String) throws {
        for dataType in [DataType.int32, .fp32] {
            let tensor = try TestRequest(dataType: dataType, shape: shape, data: data).tensor()
            #expect(tensor.shape.elementCount == 4)
            let numbers =
                dataType == .int32 ? tensor.elements(as: Int32.self).map(Float.init) : tensor.elements(as: Float.self)
            #expect(numbers == [1, 2, 3, 4])
        }
    }

    @Test func `each datatype is read into its own layout`() throws {
        let expected: [DataType: [UInt8]] = [
            .bool: [1, 0], .uint8: [1, 0], .int8: [1, 0], .uint16: [1, 0, 0, 0], .int16: [1, 0, 0, 0],
            .fp16: [0, 0x3c, 0, 0], .bf16: [0x80, 0x3f, 0, 0], .uint32: [1, 0, 0, 0, 0, 0, 0, 0],
            .int32: [1, 0, 0, 0, 0, 0, 0, 0], .fp32: [0, 0, 0x80, 0x3f, 0, 0, 0, 0],
            .uint64: [1] + [UInt8](repeating: 0, count: 15), .int64: [1] + [UInt8](repeating: 0, count: 15),
            .fp64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f] + [UInt8](repeating: 0, count: 8),
            .bytes: [1, 0, 0, 0, 49, 1, 0, 0, 0, 48],
        ]
        for dataType in DataType.allCases {
            let data = dataType == .bool ? "[true,false]" : dataType == .bytes ? #"["1","0"]"# : "[1,0]"
            let tensor = try TestRequest(dataType: dataType, shape: "[2]", data: data).tensor()
            #expect(tensor.byteArray == expected[dataType], "\(dataType)")
            #expect(tensor.storage.isAligned(to: dataType.alignment))
        }
    }

    @Test(arguments: ["[1,0]", "[\"true\",\"false\"]", "[True,False]", "[true,null]", "[NaN,true]", "[true,[1]]"])
    func `BOOL takes true and false only`(data: String) {
        #expect(TestRequest(dataType: .bool, shape: "[2]", data: data).refusal()?.code == .invalidArgument)
    }

    @Test func `a scalar has one element and an empty dimension none`() throws {
        #expect(try TestRequest(dataType: .fp32, shape: "[]", data: "[7]").elements(as: Float.self) == [7])
        #expect(try TestRequest(dataType: .fp32, shape: "[2,0]", data: "[[],[]]").tensor().storage.byteCount == 0)
        #expect(try TestRequest(dataType: .fp32, shape: "[0]", data: "[]").tensor().shape.dimensions == [0])
        #expect(TestRequest(dataType: .fp32, shape: "[0]", data: "[1]").refusal() != nil)
        #expect(TestRequest(dataType: .fp32, shape: "[]", data: "[]").refusal() != nil)
        #expect(TestRequest(dataType: .fp32, shape: "[]", data: "7").refusal() != nil)
    }

    @Test func `too few and too many values are refused`() {
        for dataType in DataType.allCases {
            let value = dataType == .bool ? "true" : dataType == .bytes ? "\"1\"" : "1"
            for count in [0, 1, 2, 4, 5, 100] {
                let data = "[\(Array(repeating: value, count: count).joined(separator: ","))]"
                let error = TestRequest(dataType: dataType, shape: "[3]", data: data).refusal()
                #expect(error?.field == "inputs[0].data", "\(dataType), \(count)")
                #expect(
                    error?.message.hasPrefix(
                        "unable to parse 'data' of input 'x': Shape does not match true shape of 'data' field: shape "
                            + "[3] has 3 elements, 'data' has \(count < 3 ? String(count) : "another number")"
                    ) == true
                )
            }
        }
    }

    @Test(
        arguments: [
            "[-1]", "[1,-1]", "[-9223372036854775808]", "[9223372036854775807,2]", "[4294967296,4294967296]",
            "[3037000500,3037000500]", "[0,9223372036854775807,2]", "[9223372036854775807]", "[268435457]",
            "[16384,16385]", "[\(Array(repeating: "1", count: 33).joined(separator: ","))]",
            "[\(Array(repeating: "2", count: 32).joined(separator: ","))]",
        ]
    )
    func `negative, huge, overflowing and too many dimensions are refused`(shape: String) {
        let error = TestRequest(dataType: .fp32, shape: shape, data: "[1]").refusal()
        #expect(error?.message.hasPrefix("invalid shape [") == true)
        #expect(error?.field == "inputs[0].shape")
    }

    @Test(
        arguments: [
            "[9223372036854775808]", "[-9223372036854775809]", "[18446744073709551616]", "[1.5]", "[1.0]", "[1e1]",
            "[\"1\"]", "[null]", "[[1]]", "[true]", "[NaN]", "[1e400]", "[99999999999999999999999999999999999999999]",
        ]
    )
    func `sizes that are no integers of sixty-four bits are refused`(shape: String) {
        let error = TestRequest(dataType: .fp32, shape: shape, data: "[1]").refusal()
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "inputs[0].shape[0]")
    }

    @Test func `thirty-two dimensions are fine`() throws {
        let shape = "[\(Array(repeating: "1", count: 32).joined(separator: ","))]"
        #expect(try TestRequest(dataType: .fp32, shape: shape, data: "[1]").tensor().shape.rank == 32)
    }

    @Test func `a shape larger than the body can fill takes no memory`() {
        // A gigabyte of FP32, which the body doesn't pay for.
        for dataType in DataType.allCases {
            let error = TestRequest(dataType: dataType, shape: "[268435456]", data: "[]").refusal()
            #expect(error?.message.contains("has 268435456 elements") == true)
        }
    }

    /// A request whose deepest container has the given depth; the root has 1.
    private static func nested(_ depth: Int, place: String) -> TestRequest {
        func arrays(_ count: Int, around text: String) -> String {
            String(repeating: "[", count: count) + text + String(repeating: "]", count: count)
        }
        return switch place {
        case "skipped arrays": TestRequest(#"{"x":\#(arrays(depth - 1, around: "1"))}"#)
        case "skipped objects":
            TestRequest(
                String(repeating: #"{"x":"#, count: depth) + "1" + String(repeating: "}", count: depth)
            )
        case "numbers": TestRequest(dataType: .fp32, shape: "[1]", data: arrays(depth - 3, around: "1"))
        case "integers": TestRequest(dataType: .int8, shape: "[1]", data: arrays(depth - 3, around: "1.0"))
        case "empty": TestRequest(dataType: .fp32, shape: "[0]", data: arrays(depth - 3, around: ""))
        case "strings": TestRequest(dataType: .bytes, shape: "[1]", data: arrays(depth - 3, around: "\"1\""))
        case "bools": TestRequest(dataType: .bool, shape: "[1]", data: arrays(depth - 3, around: "true"))
        default:
            TestRequest(
                #"{"inputs":[{"data":\#(arrays(depth - 3, around: "1")),"shape":[1],"datatype":"FP32","name":"x"}]}"#
            )
        }
    }

    @Test(
        arguments: [
            "skipped arrays", "skipped objects", "numbers", "integers", "empty", "strings", "bools", "deferred",
        ]
    )
    func `a hundred levels are taken and one more is refused`(place: String) {
        #expect(V2ShapeTests.nested(100, place: place).refusal() == nil)
        for depth in [101, 102, 1_000, 1_024, 1_025, 10_000, 1_000_000] {
            let error = V2ShapeTests.nested(depth, place: place).refusal()
            #expect(error?.message.hasPrefix("failed to parse the request JSON buffer: nested too deep") == true)
        }
    }

    @Test(arguments: ["[", "{\"x\":", "[[", "{\"inputs\":[", "[1,", "{\"a\":[{", "]", "}", "\"", "\\", ",", ":", "1"])
    func `a million openings without an end are refused`(unit: String) {
        let text = "{\"x\":" + String(repeating: unit, count: 1_000_000 / unit.utf8.count)
        #expect(TestRequest(text).refusal()?.code == .invalidArgument)
    }

    @Test(
        arguments: [
            "", " ", "\n", "\0", "null", "1", "true", "\"a\"", "[]", "[{}]", "{", "}", "{}}", "{}{}", "{} {}", "{}1",
            "{}null", "{}\"", "{},", "{}\0", "{}\u{1}", "{};", "{}[", "{}]", "{}/", "\u{feff}{}", "{}\u{feff}",
            "\u{a0}{}", "{}NaN", "{}#", "//\n{}", "\0{}", "{\0}", "\"{}\"",
        ]
    )
    func `anything but one object is refused`(text: String) {
        for padding in "}] {[\"0,n\0".utf8 {
            var request = TestRequest(text)
            request.padding = padding
            let error = request.refusal()
            #expect(error?.code == .invalidArgument)
            let isMalformed = error?.message.hasPrefix("failed to parse the request JSON buffer: ") == true
            #expect(isMalformed || error?.message == "unexpected value: expected a JSON object")
        }
    }

    @Test func `a decoder goes on after every kind of refusal`() throws {
        let decoder = try #require(V2RequestDecoder(limits: InputLimits()))
        let good = TestRequest(dataType: .fp32, shape: "[2]", data: "[1,2]")
        let bad = [
            "", "{", "{\"inputs\":[{\"data\":[", "[[[[",
            "{\"inputs\":[{\"name\":\"x\",\"shape\":[1],\"datatype\":"
                + "\"FP32\",\"data\":[[[[1,}", "{\"id\":\"\u{feff}", String(repeating: "[", count: 5_000),
        ]
        for text in bad {
            #expect(throws: InferenceError.self) { try TestRequest(text).decode(with: decoder) }
            #expect(try good.decode(with: decoder).inputs[0].tensor.elements(as: Float.self) == [1, 2])
        }
    }
}
