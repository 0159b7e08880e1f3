import ApusCore
import Testing

@testable import ApusProtocol

struct PlainDecoderTests {
    @Test func `each form is told by its members`() throws {
        let iris = PlainQuestion()
        let forms: [(String, PlainForm)] = [
            ("[[1,2,3,4]]", PlainForm(.value)),
            ("[1,2,3,4]", PlainForm(.value, omitsBatch: true)),
            (#"{"x":[[1,2,3,4]]}"#, PlainForm(.members)),
            (#"{"data":[[1,2,3,4]],"parameters":{}}"#, PlainForm(.predictions)),
            (#"{"parameters":{"a":1},"inputs":[[1,2,3,4]]}"#, PlainForm(.outputs(isNamed: false))),
            (#"{"inputs":{"x":[1,2,3,4]}}"#, PlainForm(.outputs(isNamed: true), omitsBatch: true)),
        ]
        for (json, form) in forms {
            let request = try iris.decode(json)
            #expect(request.form == form, "\(json)")
            #expect(request.inputs.map(\.name) == ["x"])
            #expect(request.inputs[0].tensor.shape.dimensions == [1, 4])
            #expect(request.inputs[0].tensor.elements(as: Float.self) == [1, 2, 3, 4])
        }
    }

    @Test func `scalars and missing leading dimensions are added`() throws {
        let shapes: [(String, [Int], [Int])] = [
            ("1.5", [-1, 1], [1, 1]), ("1.5", [-1], [1]), ("1.5", [], []), ("[1,2]", [-1], [2]),
            ("[1,2]", [-1, -1], [1, 2]), ("[[1,2]]", [-1, 1, -1, 2], [1, 1, 1, 2]), ("[]", [-1], [0]),
            ("[[],[]]", [-1, -1], [2, 0]), ("[[]]", [-1, 0], [1, 0]), ("[[[1]],[[2]],[[3]]]", [-1, 1, 1], [3, 1, 1]),
        ]
        for (value, expected, shape) in shapes {
            let tensor = try PlainQuestion.one(.fp32, expected).decode(#"{"x":\#(value)}"#).inputs[0].tensor
            #expect(tensor.shape.dimensions == shape, "\(value)")
            #expect(tensor.storage.byteCount == tensor.shape.elementCount * 4)
        }
    }

    @Test func `values are taken where nothing is lost`() throws {
        func bytes(_ type: DataType, _ value: String) throws -> [UInt8] {
            try PlainQuestion.one(type, [-1]).decode(#"{"x":\#(value)}"#).inputs[0].tensor.byteArray
        }
        #expect(try bytes(.int64, "1.0") == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try bytes(.int8, "[-128, 1e2, 3.0]") == [128, 100, 3])
        #expect(try bytes(.uint8, "[true, false, 255]") == [1, 0, 255])
        #expect(try bytes(.bool, "[true, 0, 1, 1.0, false]") == [1, 0, 1, 1, 0])
        #expect(try bytes(.bool, "[true,false, true ]") == [1, 0, 1])
        #expect(try bytes(.fp32, "[true, 2]") == [0, 0, 128, 63, 0, 0, 0, 64])
        #expect(try bytes(.fp16, "1") == [0, 0x3c])
        #expect(
            try bytes(.bytes, #"["a", "", "é, b"]"#) == [1, 0, 0, 0, 97, 0, 0, 0, 0, 5, 0, 0, 0] + Array("é, b".utf8)
        )
        let numbers = try PlainQuestion.one(.fp64, [-1]).decode(#"{"x":[null, 1.5]}"#).inputs[0].tensor
        #expect(numbers.elements(as: Double.self)[0].isNaN)
        #expect(numbers.elements(as: Double.self)[1] == 1.5)
    }

    @Test(arguments: [
        (DataType.int64, #""3""#, "x", "expected an integer"), (.int64, "[[1],[1.5]]", "x[1][0]", "fraction"),
        (.uint8, "[[1, 256]]", "x[0][1]", "out of range"), (.int32, "null", "x", "expected an integer"),
        (.bool, "[2]", "x[0]", "out of range"), (.bool, #"["yes"]"#, "x[0]", "true or false"),
        (.fp32, "[[1,2],[1]]", "x[1][1]", "different lengths"), (.fp32, "[[1],2]", "x[1]", "different lengths"),
        (.fp32, "[1,[2]]", "x[1]", "different lengths"), (.fp32, "[1, NaN]", "x[1]", "malformed"),
        (.fp32, "[1, Infinity]", "x[1]", "malformed"), (.fp32, "1e999", "x", "out of range"),
        (.fp32, #"[1, {"a": 2}]"#, "x[1]", "expected a number"), (.fp32, #"{"a": 2}"#, "x", "expected a number"),
        (.bytes, "[1]", "x[0]", "expected a string"), (.bytes, "null", "x", "expected a string"),
    ])
    func `what would be lost is refused with its place`(
        type: DataType,
        value: String,
        field: String,
        words: String
    ) throws {
        let error = try #require(PlainQuestion.one(type, [-1, -1]).refusal(#"{"x": \#(value)}"#))
        #expect(error.code == .invalidArgument)
        #expect(error.field == field)
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test func `a shape that isn't the model's is refused`() throws {
        let error = try #require(PlainQuestion().refusal(#"{"x": [[1,2,3]]}"#))
        #expect(error.field == "x")
        #expect(error.expected == "[-1,4]")
        #expect(error.got == "[1,3]")
        #expect(error.hint.contains(#"{"x": [[0.5, 0.5, 0.5, 0.5]]}"#))
        #expect(PlainQuestion().refusal("[[[1,2,3,4]]]")?.got == "[1,1,4]")
        #expect(PlainQuestion().refusal("[]")?.got == "[0]")
    }

    @Test func `inputs by name are all there and known`() throws {
        let two = PlainQuestion(
            model: PlainQuestion.makeModel([
                TensorSpecification(name: "a", dataType: .fp32, shape: [-1]),
                TensorSpecification(name: "weight", dataType: .int64, shape: [-1], isOptional: true),
            ])
        )
        #expect(try two.decode(#"{"a": 1}"#).inputs.map(\.name) == ["a"])
        #expect(try two.decode(#"{"weight": 2, "a": [1]}"#).inputs.map(\.name) == ["a", "weight"])
        #expect(try two.decode("[1, 2]").inputs.map(\.name) == ["a"])
        #expect(two.refusal(#"{"weight": 2}"#)?.message == "input 'a' of model 'iris' is missing")
        #expect(two.refusal(#"{"a": 2, "wieght": 1}"#)?.message.contains("did you mean 'weight'?") == true)
        #expect(two.refusal(#"{"a": 2, "a": 1}"#)?.message == "'a' is there twice")
        #expect(two.refusal(#"{"inputs": {"a": 2, "b": 1}}"#)?.field == "inputs.b")
        #expect(two.refusal("{}")?.message == "input 'a' of model 'iris' is missing")
    }

    @Test func `forms don't mix`() {
        let iris = PlainQuestion()
        #expect(iris.refusal(#"{"data": [1,2,3,4], "inputs": [1,2,3,4]}"#)?.field == "inputs")
        #expect(iris.refusal(#"{"data": [1,2,3,4], "x": [1,2,3,4]}"#)?.field == "x")
        #expect(iris.refusal(#"{"x": [1,2,3,4], "data": [1,2,3,4]}"#)?.field == "data")
        #expect(iris.refusal(#"{"data": [1,2,3,4], "data": [1,2,3,4]}"#)?.message == "'data' is there twice")
    }

    @Test func `an input with a word's name wins in models of several inputs`() throws {
        let model = PlainQuestion.makeModel(
            ["data", "inputs", "parameters"].map { TensorSpecification(name: $0, dataType: .fp32, shape: [-1]) }
        )
        let several = PlainQuestion(model: model)
        let request = try several.decode(#"{"data": 1, "parameters": [2], "inputs": 3}"#)
        #expect(request.form == PlainForm(.members))
        #expect(request.inputs.map(\.name) == ["data", "inputs", "parameters"])
        let keyed = try several.decode(
            #"{"inputs": {"data": 1, "parameters": 2, "inputs": [3]}, "parameters": {"p": 1}}"#
        )
        #expect(keyed.form == PlainForm(.outputs(isNamed: true)))
        #expect(keyed.parameters.parameters == ["p": .int(1)])
        let one = PlainQuestion.one(.fp32, [-1], name: "data")
        #expect(try one.decode(#"{"data": [1]}"#).form == PlainForm(.predictions))
        #expect(
            try PlainQuestion.one(.fp32, [-1], name: "parameters").decode(#"{"parameters": [1]}"#).form.frame
                == .members
        )
    }

    @Test func `parameters are those of v2`() throws {
        let json =
            #"{"data":[1,2,3,4],"parameters":{"priority":2,"timeout":500,"sequence_id":7,"sequence_start":true,"t":0.5}}"#
        let parameters = try PlainQuestion().decode(json).parameters
        #expect(parameters.priority == 2)
        #expect(parameters.timeoutMicroseconds == 500)
        #expect(parameters.sequence == SequencePosition(id: .number(7), isStart: true, isEnd: false))
        #expect(parameters.parameters == ["t": .double(0.5)])
        #expect(
            PlainQuestion().refusal(#"{"data":[1,2,3,4],"parameters":{"triton_x":1}}"#)?.field == "parameters.triton_x"
        )
    }

    @Test func `models of several inputs have theirs named`() {
        let model = PlainQuestion.makeModel(
            ["a", "b"].map { TensorSpecification(name: $0, dataType: .fp32, shape: [-1]) }
        )
        for json in ["[1]", #"{"data": [1]}"#, #"{"inputs": [1]}"#] {
            #expect(PlainQuestion(model: model).refusal(json)?.message.contains("has 2: name them") == true)
        }
    }

    @Test(arguments: [
        "", "5", "\"a\"", "null", "[1,2,3,4", "[1,2,3,4]]", "[1,2,3,4] 5", "[1,2,3,4],", "{", "[[1,2,3,4]",
        "\u{feff}[1,2,3,4]",
    ])
    func `what is no JSON is refused, whatever follows it in memory`(json: String) {
        for padding in ["]", "}", " ", "\"", ",", "0"] {
            var iris = PlainQuestion()
            iris.padding = padding.utf8.first!
            #expect(iris.refusal(json)?.code == .invalidArgument, "\(json)")
        }
    }

    @Test func `limits hold`() {
        var iris = PlainQuestion()
        iris.limits.maxElements = 7
        #expect(iris.refusal("[[1,2,3,4],[1,2,3,4]]")?.message.contains("at most 7") == true)
        var deep = PlainQuestion.one(.fp32, Array(repeating: -1, count: 3))
        let nested = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(deep.refusal(nested)?.message.contains("too deep") == true)
        deep.limits.maxJSONDepth = 4
        #expect(deep.refusal(#"{"x":[[[[1]]]]}"#)?.message.contains("too deep") == true)
        var poor = PlainQuestion.one(.fp32, [-1])
        poor.budget = ByteBudget(limit: 100_000)
        let many = "[" + String(repeating: "1,", count: 50_000) + "1]"
        #expect(poor.refusal(many)?.code == .resourceExhausted)
    }

    @Test func `a decoder forgets what went before`() throws {
        let decoder = try #require(PlainDecoder(limits: InputLimits()))
        let iris = PlainQuestion()
        for json in ["[1,2,3,4", "[[1,2,3,4],[5,6,7,8]]", #"{"x":[1,2"#, "[1,2,3,4]", #"{"x":[[1,2,3,4]]}"#] {
            let request = try? iris.decode(bytes: Array(json.utf8), with: decoder)
            guard let tensor = request?.inputs.first?.tensor else { continue }
            #expect(tensor.shape.dimensions == [tensor.shape.elementCount / 4, 4])
        }
    }

    @Test func `values of a query are one array`() throws {
        let iris = PlainQuestion()
        let request = try iris.decode(list: .values(["1.0", " 2", "+3", ".5"]))
        #expect(request.form == PlainForm(.prediction, omitsBatch: true))
        #expect(request.inputs[0].tensor.elements(as: Float.self) == [1, 2, 3, 0.5])
        #expect(try iris.decode(list: .json("[[1,2,3,4],[5,6,7,8]]")).inputs[0].tensor.shape.dimensions == [2, 4])
        let texts = try PlainQuestion.one(.bytes, [-1]).decode(list: .values(["a", "1", ""]))
        #expect(texts.inputs[0].tensor.byteStrings == [Array("a".utf8), Array("1".utf8), []])
        #expect(throws: InferenceError.self) { try iris.decode(list: .values(["1", "2", "x", "4"])) }
        #expect(throws: InferenceError.self) { try iris.decode(list: .json("[1,2,3,4]]")) }
        do throws(InferenceError) {
            _ = try iris.decode(list: .values(["1", "2", "1],[2", "4"]))
            Issue.record("taken")
        } catch {
            #expect(error.field == "input_data[2]")
        }
    }
}
