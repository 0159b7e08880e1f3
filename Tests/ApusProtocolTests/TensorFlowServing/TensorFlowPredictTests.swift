import ApusCore
import ApusProtocol
import Testing

/// Predict requests that are well said.
struct TensorFlowPredictTests {
    private static let x = TensorSpecification.input("x", .fp32, [-1, -1])

    @Test func `rows of the only input are stacked`() throws {
        let request = try TensorFlowQuestion(#"{"instances":[[1,2.5,-3],[4e1,NaN,Infinity]]}"#, Self.x).predict()
        #expect(request.form == .rows)
        #expect(request.inputs.map(\.outline) == ["x FP32[2,3]"])
        let elements: [Float] = request.inputs[0].tensor.elements()
        #expect(elements[..<4] == [1, 2.5, -3, 40])
        #expect(elements[4].isNaN)
        #expect(elements[5] == .infinity)
    }

    @Test(arguments: [
        ("[1,2,3]", "[3]"), ("[[1],[2]]", "[2,1]"), ("[[[1,2]],[[3,4]],[[5,6]]]", "[3,1,2]"), ("[[],[]]", "[2,0]"),
        ("[ [ 1 , 2 ] , [ 3 , 4 ] ]", "[2,2]"), ("[[[[]]]]", "[1,1,1,0]"),
    ])
    func `a shape is that of the nesting`(_ data: String, _ shape: String) throws {
        for type in [DataType.fp32, .int64, .uint8] {
            let input = TensorSpecification.input("x", type, [-1])
            for key in ["instances", "inputs"] {
                let request = try TensorFlowQuestion(#"{"\#(key)":\#(data)}"#, input).predict()
                #expect(request.inputs.map(\.outline) == ["x \(type.rawValue)\(shape)"])
            }
        }
    }

    @Test func `columns may be a scalar or empty`() throws {
        let scalar = try TensorFlowQuestion(#"{"inputs":2.5}"#, Self.x).predict()
        #expect(scalar.form == .columns)
        #expect(scalar.inputs.map(\.outline) == ["x FP32[]"])
        #expect(scalar.inputs[0].tensor.elements(as: Float.self) == [2.5])
        let empty = try TensorFlowQuestion(#"{"inputs":[]}"#, Self.x).predict()
        #expect(empty.inputs.map(\.outline) == ["x FP32[0]"])
        let text = try TensorFlowQuestion(#"{"inputs":"a"}"#, .input("s", .bytes, [])).predict()
        #expect(text.inputs.map(\.outline) == ["s BYTES[]"])
        #expect(text.inputs[0].tensor.byteStrings == [[97]])
    }

    @Test func `rows of several inputs are objects in any order`() throws {
        let json = #"{"instances":[{"a":[1,2],"s":"x","n":7},{"n":-8,"s":{"b64":"//8="},"a":[3,4]}]}"#
        let request = try TensorFlowQuestion(
            json,
            .input("a", .fp64, [-1, 2]),
            .input("n", .int8, [-1]),
            .input("s", .bytes, [-1])
        ).predict()
        #expect(request.inputs.map(\.outline) == ["a FP64[2,2]", "n INT8[2]", "s BYTES[2]"])
        #expect(request.inputs[0].tensor.elements(as: Double.self) == [1, 2, 3, 4])
        #expect(request.inputs[1].tensor.elements(as: Int8.self) == [7, -8])
        #expect(request.inputs[2].tensor.byteStrings == [[120], [255, 255]])
    }

    @Test func `a row of the only input may name it`() throws {
        let request = try TensorFlowQuestion(#"{"instances":[{"x":[1]},{"x":[2]}]}"#, Self.x).predict()
        #expect(request.inputs.map(\.outline) == ["x FP32[2,1]"])
        #expect(request.inputs[0].tensor.elements(as: Float.self) == [1, 2])
    }

    @Test func `columns of several inputs are an object, whatever else is in it`() throws {
        let request = try TensorFlowQuestion(
            #"{"more":[NaN,{"x":[]}],"inputs":{"b":[[true],[false]],"other":[NaN],"a":5},"signature_name":"serving_default"}"#,
            .input("a", .uint64, []),
            .input("b", .bool, [-1, 1]),
            .input("c", .fp32, [-1], isOptional: true)
        ).predict()
        #expect(request.inputs.map(\.outline) == ["a UINT64[]", "b BOOL[2,1]"])
        #expect(request.inputs[1].tensor.byteArray == [1, 0])
    }

    @Test func `an optional input is in all rows or in none`() throws {
        let a = TensorSpecification.input("a", .fp32, [-1])
        let b = TensorSpecification.input("b", .fp32, [-1], isOptional: true)
        #expect(try TensorFlowQuestion(#"{"instances":[{"a":1},{"a":2}]}"#, a, b).predict().inputs.count == 1)
        #expect(
            try TensorFlowQuestion(#"{"instances":[{"a":1,"b":1},{"b":1,"a":2}]}"#, a, b).predict().inputs.count == 2
        )
        #expect(TensorFlowQuestion(#"{"instances":[{"a":1},{"b":1,"a":2}]}"#, a, b).refusal() != nil)
        #expect(TensorFlowQuestion(#"{"instances":[{"a":1,"b":1},{"a":2}]}"#, a, b).refusal() != nil)
        #expect(try TensorFlowQuestion(#"{"instances":[1,2]}"#, a, b).predict().inputs.map(\.outline) == ["a FP32[2]"])
    }

    @Test(
        arguments: [
            ("", []), ("QQ==", [65]), ("QQ", [65]), ("QUI=", [65, 66]), ("QUJD", [65, 66, 67]),
            ("AP/+", [0, 255, 254]),
            ("Q U\nI", [65, 66]),
        ] as [(String, [UInt8])]
    )
    func `b64 is bytes`(_ text: String, _ bytes: [UInt8]) throws {
        let text = text.replacing("\n", with: "\\n")
        for json in [#"{"instances":[{"b64":"\#(text)"}]}"#, #"{"inputs":[{ "b64" : "\#(text)" }]}"#] {
            let request = try TensorFlowQuestion(json, .input("s", .bytes, [-1])).predict()
            #expect(request.inputs.map(\.outline) == ["s BYTES[1]"])
            #expect(request.inputs[0].tensor.byteStrings == [bytes])
        }
        let scalar = try TensorFlowQuestion(#"{"inputs":{"b64":"\#(text)"}}"#, .input("s", .bytes, [])).predict()
        #expect(scalar.inputs[0].tensor.byteStrings == [bytes])
    }

    @Test(arguments: DataType.allCases.filter { $0 != .bytes && $0 != .bool })
    func `numbers of each type arrive, plainly spelt or not`(_ type: DataType) throws {
        let plain = try TensorFlowQuestion(#"{"instances":[1,2,100]}"#, .input("x", type, [-1])).predict()
        let odd = try TensorFlowQuestion(#"{"instances":[1.0,0.2e1,1e2]}"#, .input("x", type, [-1])).predict()
        #expect(plain.inputs[0].tensor.byteArray == odd.inputs[0].tensor.byteArray)
        #expect(plain.inputs[0].tensor.byteArray.count == 3 * (type.byteSize ?? 0))
    }

    @Test func `members that nobody knows are ignored`() throws {
        let json = #"{"a":1,"instances":[1],"b":{"instances":[2]},"c":[Infinity]}"#
        #expect(try TensorFlowQuestion(json, Self.x).predict().inputs[0].tensor.elements(as: Float.self) == [1])
    }

    @Test func `an empty signature name is the default one's`() throws {
        for name in ["", "serving_default"] {
            let json = #"{"signature_name":"\#(name)","inputs":[1]}"#
            #expect(try TensorFlowQuestion(json, Self.x).predict().inputs.count == 1)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random nested data arrives as it was sent`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let decoder = try #require(TensorFlowServingDecoder(limits: InputLimits()))
        for _ in 0..<300 {
            let rank = Int.random(in: 1...4, using: &generator)
            let sizes = (0..<rank).map { _ in Int.random(in: 1...4, using: &generator) }
            let values = (0..<sizes.reduce(1, *)).map { _ in Int32.random(in: -1000...1000, using: &generator) }
            var next = 0
            func text(_ axis: Int) -> String {
                guard axis < rank else {
                    defer { next += 1 }
                    return "\(values[next])"
                }
                return "[" + (0..<sizes[axis]).map { _ in text(axis + 1) }.joined(separator: ", ") + "]"
            }
            let input = TensorSpecification.input("x", .int32, sizes)
            let request = try TensorFlowQuestion(#"{"instances":\#(text(0))}"#, input).predict(with: decoder)
            #expect(request.inputs[0].tensor.shape.dimensions == sizes)
            #expect(request.inputs[0].tensor.elements(as: Int32.self) == values)
        }
    }
}
