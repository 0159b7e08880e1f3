import ApusCore
import ApusProtocol
import Testing

/// Predict requests that are refused, and in which words.
struct TensorFlowPredictRefusalTests {
    private static let x = TensorSpecification.input("x", .fp32, [-1, -1])
    private static let s = TensorSpecification.input("s", .bytes, [-1])
    private static let n = TensorSpecification.input("n", .int8, [-1])

    @Test(arguments: [
        (#"{}"#, "Missing 'inputs' or 'instances' key"),
        (#"{"examples":[]}"#, "Missing 'inputs' or 'instances' key"),
        (
            #"{"instances":[1],"inputs":[1]}"#,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        ),
        (#"{"inputs":[1],"instances":[1]}"#, "Not formatted correctly expecting only one of"),
        (#"{"instances":[1],"instances":[1]}"#, "'instances' is there twice"),
        (#"{"inputs":1,"inputs":1}"#, "'inputs' is there twice"),
        (#"{"instances":[]}"#, "No values in 'instances' array"),
        (#"{"instances":{}}"#, "Expecting 'instances' value to be a list/array"),
        (#"{"instances":1}"#, "Expecting 'instances' value to be a list/array"),
        (#"{"instances":null}"#, "Expecting 'instances' value to be a list/array"),
        (#"{"instances":[1],"signature_name":1}"#, "'signature_name' key must be a string value."),
        (#"{"instances":[1],"signature_name":null}"#, "'signature_name' key must be a string value."),
        (#"{"instances":[1],"signature_name":"x"}"#, #"Serving signature name: "x" not found in signature def"#),
        (#"{"signature_name":"","signature_name":"","instances":[1]}"#, "'signature_name' is there twice"),
        (#""#, "JSON Parse error: The document is empty"),
        (#"[1]"#, "JSON Value: "), (#"{"instances":[1]"#, "JSON Parse error"),
        (#"{"instances":[1]}x"#, "JSON Parse error"),
        (#"{"instances":[1,]}"#, "JSON Parse error"), (#"{"instances":[1 2]}"#, "JSON Parse error"),
        (#"{"instances":[nan]}"#, "JSON Parse error"), (#"{"instances":[01]}"#, "JSON Parse error"),
        (#"{"instances":[[1,2],[3]]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":[[1],2]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":[1,[2]]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":[[],[1]]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":[[1],[]]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":[[[1]],[[]]]}"#, "Encountered list at unexpected size or level"),
        (#"{"instances":["a"]}"#, #"JSON Value: "a" is not of expected type: float (element 0 of 'instances')"#),
        (#"{"instances":[1,true]}"#, "JSON Value: true is not of expected type: float (element 1 of 'instances')"),
        (#"{"instances":[[1,null]]}"#, "JSON Value: null is not of expected type: float (element 1 of 'instances')"),
        (#"{"instances":[1,{"b64":"QQ=="}]}"#, "JSON Value: {"),
        (#"{"instances":[{"b64":"QQ=="}]}"#, "JSON Value: {"),
        (#"{"instances":[1e39]}"#, "Cannot convert JSON value: 1e39 to float without loss of precision."),
        (
            #"{"instances":[{"y":1}]}"#,
            "Failed to process element: 0 key: y of 'instances' list. JSON object: does not have named input: y"
        ),
        (
            #"{"instances":[{}]}"#,
            "Failed to process element: 0 of 'instances' list. JSON object: keys must be equal to: x"
        ),
        (
            #"{"instances":[{"x":1},{}]}"#,
            "Failed to process element: 1 of 'instances' list. JSON object: keys must be equal to: x"
        ),
        (#"{"instances":[{"x":1},2]}"#, "Expecting object but got value/list at item 1 of input list"),
        (#"{"instances":[{"x":1,"x":2}]}"#, "'instances[0].x' is there twice"),
        (#"{"instances":[{"x":1},{"x":[2]}]}"#, "Encountered list at unexpected size or level: 'instances[1].x'"),
        (#"{"instances":[{"x":[1]},{"x":[2,3]}]}"#, "Encountered list at unexpected size or level: 'instances[1].x'"),
        (#"{"inputs":{"y":1}}"#, "Missing named input: x in 'inputs' object."),
        (#"{"inputs":{"x":1,"x":1}}"#, "'inputs.x' is there twice"),
        (#"{"inputs":{"x":{"y":1}}}"#, "JSON Value: {"),
        (#"{"inputs":null}"#, "JSON Value: null is not of expected type: float"),
        (#"{"inputs":"a"}"#, #"JSON Value: "a" is not of expected type: float"#),
    ])
    func `a model of one input refuses`(_ json: String, _ words: String) throws {
        let error = try #require(TensorFlowQuestion(json, Self.x).refusal(), "\(json)")
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix(words), "\(error.message)")
    }

    @Test(arguments: [
        (#"{"instances":[1]}"#, "instances is a plain list, but expecting list of objects"),
        (#"{"instances":[]}"#, "No values in 'instances' array"),
        (#"{"instances":[{"b64":"QQ=="}]}"#, "instances is a plain list, but expecting list of objects"),
        (#"{"inputs":[1]}"#, "inputs is a plain value/list, but expecting an object"),
        (#"{"inputs":1}"#, "inputs is a plain value/list, but expecting an object"),
        (#"{"inputs":{"b64":"QQ=="}}"#, "Missing named input: n in 'inputs' object."),
        (
            #"{"instances":[{"n":1}]}"#,
            "Failed to process element: 0 of 'instances' list. JSON object: keys must be equal to: n,s"
        ),
        (#"{"instances":[{"n":1,"s":""},{"n":1,"z":""}]}"#, "Failed to process element: 1 key: z"),
        (
            #"{"instances":[{"n":1,"s":""},{"n":1,"s":1}]}"#,
            "JSON Value: 1 is not of expected type: string (element 0 of 'instances[1].s')"
        ),
        (#"{"inputs":{"n":[128],"s":""}}"#, "Cannot convert JSON value: 128 to int8 without loss"),
        (#"{"inputs":{"n":[-1.5],"s":""}}"#, "Cannot convert JSON value: -1.5 to int8 without loss"),
        (#"{"inputs":{"n":[true],"s":""}}"#, "JSON Value: true is not of expected type: int8"),
    ])
    func `a model of two inputs refuses`(_ json: String, _ words: String) throws {
        let error = try #require(TensorFlowQuestion(json, Self.n, Self.s).refusal(), "\(json)")
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix(words), "\(error.message)")
    }

    @Test(arguments: [
        #"{"b64":"Q"}"#, #"{"b64":"QQ="}"#, #"{"b64":"QQ==="}"#, #"{"b64":"Q=Q="}"#, #"{"b64":"QQ=Q"}"#,
        #"{"b64":"-_=="}"#,
        #"{"b64":"é"}"#, #"{"b64":"QQ==","x":1}"#, #"{"b64":"QQ==","b64":"QQ=="}"#,
    ])
    func `broken b64 is refused`(_ element: String) throws {
        let error = try #require(TensorFlowQuestion(#"{"instances":["a",\#(element)]}"#, Self.s).refusal())
        #expect(error.message.contains("not formatted correctly for base64 data"), "\(error.message)")
        #expect(error.field == "instances, element 1")
    }

    @Test(arguments: [#"{"b64":1}"#, #"{"x":"QQ=="}"#, #"{}"#, #"[{"b64":["QQ=="]}]"#])
    func `an object that is no b64 is no text`(_ element: String) throws {
        let error = try #require(TensorFlowQuestion(#"{"instances":["a",\#(element)]}"#, Self.s).refusal())
        #expect(error.code == .invalidArgument)
    }

    @Test func `nesting has a limit of dimensions and of JSON's depth`() throws {
        for (depth, isTaken) in [(32, true), (33, false), (98, false), (99, false), (5000, false)] {
            let data = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
            let refusal = TensorFlowQuestion(#"{"instances":\#(data)}"#, Self.x).refusal()
            #expect((refusal == nil) == isTaken, "\(depth)")
            let text = data.replacing("1", with: "\"\"")
            #expect((TensorFlowQuestion(#"{"instances":\#(text)}"#, Self.s).refusal() == nil) == isTaken)
        }
        // The rows are a dimension too.
        let deep = String(repeating: "[", count: 32) + "1" + String(repeating: "]", count: 32)
        #expect(
            TensorFlowQuestion(#"{"instances":[{"x":\#(deep)}]}"#, Self.x).refusal()?.message.contains("dimensions")
                == true
        )
        #expect(TensorFlowQuestion(#"{"more":\#(deep.replacing("[", with: "[[[[")) }"#, Self.x).refusal() != nil)
    }

    @Test func `elements have a limit`() throws {
        var question = TensorFlowQuestion(#"{"instances":[1,2,3]}"#, Self.x)
        question.limits.maxElements = 2
        #expect(question.refusal()?.message.contains("more elements") == true)
        question.json = Array(#"{"instances":[{"x":[1,2]},{"x":[1,2]}]}"#.utf8)
        #expect(question.refusal()?.message.contains("more elements") == true)
        question.inputs = [Self.s]
        question.json = Array(#"{"instances":["","",""]}"#.utf8)
        #expect(question.refusal()?.message.contains("more elements") == true)
    }

    @Test func `memory is charged before it is taken`() throws {
        let rows = [String](repeating: "1", count: 20_000).joined(separator: ",")
        var question = TensorFlowQuestion(#"{"instances":[\#(rows)]}"#, Self.x)
        question.budget = ByteBudget(limit: 70_000)
        #expect(question.refusal()?.code == .resourceExhausted)
        question.budget = ByteBudget(limit: 90_000)
        #expect(question.refusal() == nil)
        let texts = [String](repeating: "\"\"", count: 5_000).joined(separator: ",")
        question = TensorFlowQuestion(#"{"instances":[\#(texts)]}"#, Self.s)
        question.budget = ByteBudget(limit: 150_000)
        #expect(question.refusal()?.code == .resourceExhausted)
    }

    @Test func `a first row can't make the server take memory for all others`() throws {
        let first = [String](repeating: "1", count: 1000).joined(separator: ",")
        let others = [String](repeating: #"{"x":[1]}"#, count: 1000).joined(separator: ",")
        var question = TensorFlowQuestion(#"{"instances":[{"x":[\#(first)]},\#(others)]}"#, Self.x)
        question.budget = ByteBudget(limit: 100_000)
        #expect(question.refusal()?.code == .invalidArgument)
    }

    @Test func `a client's own text comes back shortened`() throws {
        let long = String(repeating: "y", count: 100_000)
        for json in [#"{"instances":[{"\#(long)":1}]}"#, #"{"inputs":[1],"signature_name":"\#(long)"}"#] {
            let error = try #require(TensorFlowQuestion(json, Self.x).refusal())
            #expect(error.message.utf8.count < 1000)
        }
    }

    @Test(arguments: [
        #"{"instances":[[1,2.5],[NaN,-4e2]],"signature_name":"serving_default","z":[{"k":null},true]}"#,
        #"{"inputs":{"x":[[1],[2]],"more":"\u00e9"}}"#, #"{"instances":[{"x":[]},{"x":[]}]}"#,
    ])
    func `damaged at any byte, a request is taken or refused, whatever lies behind it`(_ text: String) throws {
        let decoder = try #require(TensorFlowServingDecoder(limits: InputLimits()))
        var question = TensorFlowQuestion(text, Self.x)
        let json = question.json
        var damaged = json.indices.map { Array(json[..<$0] + json[($0 + 1)...]) }
        damaged += json.indices.map { Array(json[..<$0]) }
        for index in json.indices {
            damaged += "{}[]:,\"\\0-.e tN\n".utf8.map { Array(json[..<index] + [$0] + json[index...]) }
        }
        for body in damaged {
            question.json = body
            var outcomes: Set<String> = []
            for padding in " }]0\"".utf8 {
                question.padding = padding
                do throws(InferenceError) {
                    let tensors = try question.predict(with: decoder).inputs
                    outcomes.insert("\(tensors.map(\.outline)) \(tensors.map(\.tensor.byteArray))")
                } catch {
                    // Where simdjson notices that brackets don't match depends on what lies behind them.
                    #expect(error.code == .invalidArgument)
                    outcomes.insert("refused")
                }
            }
            #expect(outcomes.count == 1, "\(String(decoding: body, as: UTF8.self)): \(outcomes)")
        }
    }
}
