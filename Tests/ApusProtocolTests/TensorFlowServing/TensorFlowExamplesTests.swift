import ApusCore
import ApusProtocol
import Testing

/// Examples of classify and regress requests.
struct TensorFlowExamplesTests {
    private static let x = TensorSpecification.input("x", .fp32, [-1, 2])
    private static let s = TensorSpecification.input("s", .bytes, [-1])
    private static let n = TensorSpecification.input("n", .int64, [-1, 1])

    @Test func `features go to the inputs of their names`() throws {
        let json =
            #"{"examples":[{"x":[1,2.5],"n":7,"s":"a","more":null},{"s":[{"b64":"Qg=="}],"n":[true],"x":[3,4]}]}"#
        let request = try TensorFlowQuestion(json, Self.x, Self.s, Self.n).examples()
        #expect(request.count == 2)
        #expect(request.inputs.map(\.outline) == ["x FP32[2,2]", "s BYTES[2]", "n INT64[2,1]"])
        #expect(request.inputs[0].tensor.elements(as: Float.self) == [1, 2.5, 3, 4])
        #expect(request.inputs[1].tensor.byteStrings == [[97], [66]])
        #expect(request.inputs[2].tensor.elements(as: Int64.self) == [7, 1])
    }

    @Test func `flags are integers and integers flags`() throws {
        let flags = TensorSpecification.input("f", .bool, [-1, -1])
        let request = try TensorFlowQuestion(#"{"examples":[{"f":[true,0,1]}]}"#, flags).examples()
        #expect(request.inputs[0].tensor.byteArray == [1, 0, 1])
        #expect(TensorFlowQuestion(#"{"examples":[{"f":[2]}]}"#, flags).examplesRefusal() != nil)
    }

    @Test func `a context is every example's, before or behind them`() throws {
        for json in [
            #"{"context":{"s":"c","x":[9,8]},"examples":[{"n":1},{"n":2},{"n":3}]}"#,
            #"{"examples":[{"n":1},{"n":2},{"n":3}],"context":{"x":[9,8],"s":"c"}}"#,
        ] {
            let request = try TensorFlowQuestion(json, Self.x, Self.s, Self.n).examples()
            #expect(request.inputs.map(\.outline) == ["x FP32[3,2]", "s BYTES[3]", "n INT64[3,1]"])
            #expect(request.inputs[0].tensor.elements(as: Float.self) == [9, 8, 9, 8, 9, 8])
            #expect(request.inputs[1].tensor.byteStrings == [[99], [99], [99]])
        }
    }

    @Test func `values fill the one open dimension`() throws {
        let json = #"{"examples":[{"x":[1,2,3,4]}]}"#
        let shapes: [[Int]] = [[-1, 4], [-1, -1], [-1, 2, 2], [-1, 2, -1], [1, 4], [-1, 4, 1]]
        for shape in shapes {
            let request = try TensorFlowQuestion(json, .input("x", .fp32, shape)).examples()
            #expect(request.inputs[0].tensor.shape.elementCount == 4)
            #expect(request.inputs[0].tensor.shape.rank == shape.count)
        }
        for shape in [[], [-1], [-1, 3], [-1, -1, -1], [-1, 3, -1], [-1, 0]] as [[Int]] {
            let error = TensorFlowQuestion(json, .input("x", .fp32, shape)).examplesRefusal()
            #expect(error?.message.contains("has 4 values") == true, "\(shape)")
        }
    }

    @Test(arguments: [
        (#"{}"#, "key 'examples' is expected and was not found"),
        (#"{"instances":[1]}"#, "key 'examples' is expected and was not found"),
        (#"{"examples":[]}"#, "No values in 'examples' array"),
        (#"{"examples":{}}"#, "Expecting 'examples' value to be a list/array"),
        (#"{"examples":[1]}"#, "Example must be JSON object: 'examples[0]' is none"),
        (#"{"examples":[{"x":[1,2]},[]]}"#, "Example must be JSON object: 'examples[1]' is none"),
        (#"{"context":[],"examples":[{"x":[1,2]}]}"#, "Example must be JSON object: 'context' is none"),
        (#"{"context":{},"context":{},"examples":[{"x":[1,2]}]}"#, "'context' is there twice"),
        (#"{"examples":[{"x":[1,2]}],"examples":[{"x":[1,2]}]}"#, "'examples' is there twice"),
        (#"{"examples":[{}]}"#, "Feature: x "),
        (#"{"examples":[{"x":[1,2]},{}]}"#, "Feature: x "),
        (#"{"examples":[{},{"x":[1,2]}]}"#, "Feature: x "),
        (#"{"examples":[{"x":null}]}"#, "JSON Value: null is not of expected type: float"),
        (#"{"examples":[{"x":[[1,2]]}]}"#, "Feature: examples[0].x has element with unexpected JSON type: Array"),
        (#"{"examples":[{"x":[1,"a"]}]}"#, #"JSON Value: "a" is not of expected type: float"#),
        (#"{"examples":[{"x":[1,true]}]}"#, "JSON Value: true is not of expected type: float"),
        (#"{"examples":[{"x":[1,{"b64":"QQ=="}]}]}"#, "JSON Value: {"),
        (#"{"examples":[{"x":[1,2]},{"x":[1,2,3]}]}"#, "Encountered list at unexpected size"),
        (#"{"examples":[{"x":[1,2]},{"x":[1]}]}"#, "Expecting tensor size: 2 but got: 1"),
        (#"{"examples":[{"x":[1,2],"x":[1,2]}]}"#, "'examples[0].x' is there twice"),
        (#"{"context":{"x":[1,2]},"examples":[{"x":[1,2]}]}"#, "Feature: x is both in 'context' and in 'examples'"),
        (#"{"examples":[{"x":[1,2]}],"signature_name":"a"}"#, "Serving signature name"),
    ])
    func `what can't be examples is refused`(_ json: String, _ words: String) throws {
        let error = try #require(TensorFlowQuestion(json, Self.x).examplesRefusal(), "\(json)")
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix(words), "\(error.message)")
    }

    @Test func `a context can't be multiplied beyond the budget or the limit`() throws {
        let values = [String](repeating: "1", count: 10_000).joined(separator: ",")
        let examples = [String](repeating: "{}", count: 10_000).joined(separator: ",")
        let json = #"{"context":{"x":[\#(values)]},"examples":[\#(examples)]}"#
        var question = TensorFlowQuestion(json, .input("x", .fp32, [-1, -1]))
        let refusal = try #require(question.examplesRefusal())
        #expect(refusal.code == .invalidArgument && refusal.message.contains("would be repeated"), "\(refusal)")
        question.limits.maxBodyBytes = .max
        question.budget = ByteBudget(limit: 100 << 20)
        #expect(question.examplesRefusal()?.code == .resourceExhausted)
        question.limits.maxElements = 1 << 20
        #expect(question.examplesRefusal()?.code == .invalidArgument)
    }

    @Test func `a signature says which outputs classify and regress`() throws {
        func model(_ outputs: TensorSpecification...) -> ModelDescription {
            var question = TensorFlowQuestion("")
            question.outputs = outputs
            return question.model
        }
        let label = TensorSpecification.input("label", .int64, [-1])
        let scores = TensorSpecification.input("p", .fp32, [-1, 3])
        let named = TensorSpecification.input("scores", .fp64, [-1, 3])
        let classes = TensorSpecification.input("classes", .bytes, [-1, 3])
        let value = TensorSpecification.input("outputs", .fp32, [-1, 1])
        #expect(try TensorFlowSignature.classification(of: model(label, scores)).outputs == ["p"])
        #expect(
            try TensorFlowSignature.classification(of: model(scores, named, classes)).outputs == ["scores", "classes"]
        )
        #expect(try TensorFlowSignature.regression(of: model(label, value, scores)) == "outputs")
        for outputs in [model(), model(label), model(scores, .input("q", .fp32, [-1, 3]))] {
            #expect(throws: InferenceError.self) { try TensorFlowSignature.classification(of: outputs) }
        }
        #expect(throws: InferenceError.self) { try TensorFlowSignature.regression(of: model(scores)) }
    }
}
