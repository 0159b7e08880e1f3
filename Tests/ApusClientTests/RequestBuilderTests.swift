import ApusClient
import ApusCore
import Testing

struct RequestBuilderTests {
    private func text(_ request: PreparedRequest) -> String {
        String(decoding: request.jsonBody, as: UTF8.self)
    }

    @Test func `zeros of every datatype are legal JSON for it`() throws {
        for type in DataType.allCases {
            let builder = RequestBuilder(.sample("x \(type.rawValue) -1 2"))
            let request = try builder.zeroRequest(batch: nil)
            let zero =
                switch type {
                case .bool: "false"
                case .bytes: "\"\""
                case .fp16, .bf16, .fp32, .fp64: "0.0"
                default: "0"
                }
            let input = #"{"name":"x","shape":[1,2],"datatype":"\#(type.rawValue)","data":[\#(zero),\#(zero)]}"#
            #expect(text(request) == #"{"inputs":[\#(input)]}"#)
        }
    }

    @Test func `random values of every datatype pass its own rule, and a seed fixes them`() throws {
        for type in DataType.allCases {
            let builder = RequestBuilder(.sample("x \(type.rawValue) -1 64"))
            guard case .tensors(let tensors) = try builder.randomRequest(batch: 3, seed: 5) else { continue }
            #expect(tensors[0].shape.dimensions == [3, 64] && tensors[0].elements.count == 192)
            for element in tensors[0].elements { #expect(try ElementRule(type).element(json: element) == element) }
            #expect(try builder.randomRequest(batch: 3, seed: 5) == .tensors(tensors))
            #expect(try builder.randomRequest(batch: 3, seed: 6) != .tensors(tensors))
        }
    }

    @Test func `open dimensions beyond the first become one`() throws {
        let request = try RequestBuilder(.sample("x FP32 -1 -1 2", "s INT64")).zeroRequest(batch: nil)
        guard case .tensors(let tensors) = request else { return }
        #expect(tensors.map(\.shape.dimensions) == [[1, 1, 2], []])
        let message = failure { _ = try RequestBuilder(.sample("x FP32 4")).zeroRequest(batch: 3) }
        #expect(message.contains("can't be 3; leave --batch out"))
        let huge = RequestBuilder(.sample("x FP32 -1 9223372036854775807"))
        #expect(failure { _ = try huge.zeroRequest(batch: 2) }.contains("too many elements"))
        #expect(failure { _ = try huge.zeroRequest(batch: 1) }.contains("smaller --batch"))
    }

    @Test func `tensors go as bytes with a header that says how many`() throws {
        let cases: [(String, String, [UInt8])] = [
            ("BOOL", "[true,false]", [1, 0]), ("INT8", "[-1,2]", [255, 2]), ("UINT8", "[255,2]", [255, 2]),
            ("INT16", "[-2,1]", [254, 255, 1, 0]), ("UINT16", "[65535,1]", [255, 255, 1, 0]),
            ("INT32", "[-1,1]", [255, 255, 255, 255, 1, 0, 0, 0]), ("UINT32", "[1,0]", [1, 0, 0, 0, 0, 0, 0, 0]),
            ("INT64", "[-1,1]", Array(repeating: 255, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0]),
            ("UINT64", "[18446744073709551615,0]", Array(repeating: 255, count: 8) + Array(repeating: 0, count: 8)),
            ("FP16", "[1,-2]", [0, 0x3C, 0, 0xC0]), ("BF16", "[1,-2]", [0x80, 0x3F, 0, 0xC0]),
            ("FP32", "[1,NaN]", [0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F]),
            ("FP64", "[1,0]", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("BYTES", "[\"é\",\"\"]", [2, 0, 0, 0, 0xC3, 0xA9, 0, 0, 0, 0]),
        ]
        #expect(cases.count == DataType.allCases.count)
        for (type, data, bytes) in cases {
            let builder = RequestBuilder(.sample("x \(type) 2"))
            let (body, headerLength) = try builder.request(from: Array(data.utf8), format: .json).binaryBody()
            #expect(Array(body[headerLength...]) == bytes)
            let header = try JSONParser.parse(Array(body[..<headerLength]))
            #expect(header["inputs"]?.elements?[0]["parameters"]?["binary_data_size"]?.integer == bytes.count)
            #expect(header["parameters"]?["binary_data_output"] == .bool(true))
        }
    }

    @Test func `plain arrays find their shape`() throws {
        let model = ModelMetadata.sample("x FP32 -1 4")
        for text in ["[1,2,3,4]", "[[1,2,3,4]]"] { #expect(try model.tensors(text)[0].shape.dimensions == [1, 4]) }
        for text in ["[1,2,3,4,5,6,7,8]", "[[1,2,3,4],[5,6,7,8]]"] {
            #expect(try model.tensors(text)[0].shape.dimensions == [2, 4])
        }
        #expect(try ModelMetadata.sample("x INT64").tensors("5", .json)[0].shape == .scalar)
        #expect(try ModelMetadata.sample("x BYTES -1 1").tensors("\"hi\"", .json)[0].shape.dimensions == [1, 1])
        #expect(failure { _ = try model.tensors("[[1,2],[3,4]]") }.contains("the data has shape [2,2]"))
        #expect(failure { _ = try model.tensors("[[1,2,3,4],[5]]") }.contains("at [1]: an array of 4 elements"))
        #expect(failure { _ = try model.tensors("[[1,2,3,4],[5,6,\"x\",8]]") }.contains("[1][2] (row 2, column 3)"))
        #expect(failure { _ = try model.tensors("[[[[[1]]]]]") }.contains("the data has shape [1,1,1,1,1]"))
        #expect(failure { _ = try model.tensors("[1,") }.contains("not JSON"))
    }

    @Test func `a member for each input makes a request for several`() throws {
        let model = ModelMetadata.sample("a INT32 -1", "b BOOL -1")
        let tensors = try model.tensors(#"{"b":[true],"a":[1]}"#)
        #expect(tensors.map(\.specification.name) == ["a", "b"])
        #expect(failure { _ = try model.tensors(#"{"a":[1]}"#) }.contains("no member for input 'b'"))
        #expect(failure { _ = try model.tensors(#"{"a":[1],"b":[true],"c":1}"#) }.contains("'c' is no input"))
        #expect(failure { _ = try model.tensors("[1]") }.contains("takes 2 inputs"))
    }

    @Test func `a whole request is sent as it is, with its values looked at`() throws {
        let model = ModelMetadata.sample("x UINT8 -1")
        let request = Array(#" {"id":"7","inputs":[{"name":"x","shape":[1],"datatype":"UINT8","data":[[1]]}]}"#.utf8)
        #expect(try RequestBuilder(model).request(from: request, format: .auto) == .complete(request))
        #expect(throws: ClientError.self) { try PreparedRequest.complete(request).binaryBody() }
        let wrong = #"{"inputs":[{"name":"x","shape":[1],"datatype":"UINT8","data":[[1,-1]]}]}"#
        #expect(failure { _ = try model.tensors(wrong) }.contains("'-1' is out of range: UINT8 goes from 0 to 255"))
    }

    @Test func `values are checked against the datatype`() throws {
        let good: [(DataType, String, JSONValue)] = [
            (.int64, "9223372036854775807", .number("9223372036854775807")), (.int32, "1e3", .number("1000")),
            (.uint8, "3.0", .number("3")), (.fp32, "nan", .number("NaN")), (.fp32, "-inf", .number("-Infinity")),
            (.fp64, "1.", .number("1.0")), (.bool, "TRUE", .bool(true)), (.bytes, " x ", .string(" x ")),
        ]
        for (type, text, value) in good { #expect(try ElementRule(type).element(text: text) == value) }
        let bad: [(DataType, String)] = [
            (.int64, "9223372036854775808"), (.int32, "1.5"), (.uint8, "-1"), (.fp32, "1e39"), (.fp16, "65520"),
            (.fp64, "1e999"), (.fp32, "0x10"), (.fp32, "1,5"), (.bool, "2"), (.int8, "nan"), (.int64, "1e300"),
            (.uint64, "99999999999999999999999999999999999999999999"), (.fp32, "-"), (.fp32, "."), (.fp32, "e5"),
        ]
        for (type, text) in bad { #expect(throws: ElementFault.self) { try ElementRule(type).element(text: text) } }
    }

    @Test func `metadata that no server should send is refused`() throws {
        for text in [
            "[]", #"{"name":"m"}"#, #"{"name":"m","inputs":[{"name":"x","datatype":"FP8","shape":[1]}]}"#,
            #"{"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[-2]}]}"#,
            #"{"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[99999999999999999999]}]}"#,
        ] {
            let json = try JSONParser.parse(Array(text.utf8))
            #expect(throws: ClientError.self) { try ModelMetadata(json: json) }
        }
    }
}
