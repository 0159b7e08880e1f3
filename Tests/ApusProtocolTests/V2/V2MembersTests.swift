import ApusCore
import ApusProtocol
import Testing

/// Members of a request: in any order, each known one once, unknown ones checked and left alone.
struct V2MembersTests {
    @Test func `a request's members may come in every order`() throws {
        let members = [
            #""name":"x""#, #""shape":[2,2]"#, #""datatype":"FP32""#, #""data":[[NaN,1.5],[-Infinity,2]]"#,
            #""extra":{"a":[1,{"b":null}]}"#,
        ]
        for order in members.permutations {
            for isFirst in [true, false] {
                let inputs = "\"inputs\":[{\(order.joined(separator: ","))}]"
                let request = TestRequest(isFirst ? "{\(inputs),\"id\":\"7\"}" : "{\"id\":\"7\",\(inputs)}")
                let decoded = try request.decode()
                #expect(decoded.id == "7")
                let values = decoded.inputs[0].tensor.elements(as: Float.self)
                #expect(values[0].isNaN && values[1...] == [1.5, -.infinity, 2], "\(order)")
            }
        }
    }

    @Test func `several inputs with data first keep their own data`() throws {
        let request = TestRequest(
            #"""
            {"inputs":[{"data":["a"],"name":"s","datatype":"BYTES","shape":[1]},
            {"name":"i","shape":[1],"datatype":"INT8","data":[5]},
            {"data":[true,false],"shape":[2],"name":"b","datatype":"BOOL"}]}
            """#
        )
        let inputs = try request.decode().inputs
        #expect(inputs.map(\.name) == ["s", "i", "b"])
        #expect(inputs.map(\.tensor.byteArray) == [[1, 0, 0, 0, 97], [5], [1, 0]])
    }

    @Test func `a body without anything is called empty`() {
        let error = TestRequest("").refusal()
        #expect(error?.message == "failed to parse the request JSON buffer: the body is empty")
        #expect(error?.expected == "a JSON object with the member 'inputs'")
    }

    @Test func `data that came first is judged like any other`() {
        let late = TestRequest(#"{"inputs":[{"data":[1,NaN],"name":"i","datatype":"INT8","shape":[2]}]}"#)
        #expect(late.refusal()?.field == "inputs[0].data[1]")
        let short = TestRequest(#"{"inputs":[{"data":[1],"name":"i","datatype":"INT8","shape":[2]}]}"#)
        #expect(short.refusal()?.message.contains("has 2 elements, 'data' has 1") == true)
    }

    @Test(arguments: ["inputs", "outputs", "id", "parameters"])
    func `a known member of the request twice is refused`(name: String) {
        let values = ["inputs": "[]", "outputs": "[]", "id": #""x""#, "parameters": "{}"]
        let member = "\"\(name)\":\(values[name] ?? "")"
        #expect(TestRequest("{\(member)}").refusal() == nil)
        #expect(TestRequest("{\(member),\(member)}").refusal()?.message == "'\(name)' is there twice")
    }

    @Test(arguments: ["name", "shape", "datatype", "data", "parameters"])
    func `a known member of an input twice is refused`(name: String) {
        let values = [
            "name": #""x""#, "shape": "[1]", "datatype": #""FP32""#, "data": "[1]", "parameters": "{}",
        ]
        let members = values.map { "\"\($0)\":\($1)" }.sorted().joined(separator: ",")
        let again = #"{"inputs":[{\#(members),"\#(name)":\#(values[name] ?? "")}]}"#
        #expect(TestRequest(again).refusal()?.message == "'inputs[0].\(name)' is there twice")
        let escaped = again.replacing(
            "\"\(name)\":",
            with: "\"\\u00\(String(name.utf8.first ?? 0, radix: 16))"
                + "\(name.dropFirst())\":"
        )
        #expect(TestRequest(escaped).refusal()?.message == "'inputs[0].\(name)' is there twice")
    }

    @Test(arguments: ["name", "parameters"])
    func `a known member of an output twice is refused`(name: String) {
        let values = ["name": #""y""#, "parameters": "{}"]
        let json = #"{"outputs":[{"name":"y","parameters":{},"\#(name)":\#(values[name] ?? "")}]}"#
        #expect(TestRequest(json).refusal()?.message == "'outputs[0].\(name)' is there twice")
    }

    @Test(
        arguments: [
            ("name", "'inputs[0].name' is missing"), ("shape", "'inputs[0].shape' is missing"),
            ("datatype", "'inputs[0].datatype' is missing"),
            (
                "data",
                "input 'x' must have exactly one of 'data', 'parameters.binary_data_size' and "
                    + "'parameters.shared_memory_region'"
            ),
        ]
    )
    func `a missing member of an input is named`(name: String, message: String) {
        let members = [
            ("data", "[1]"), ("name", "\"x\""), ("shape", "[1]"), ("datatype", "\"FP32\""),
        ]
        let left = members.filter { $0.0 != name }.map { "\"\($0)\":\($1)" }.joined(separator: ",")
        let error = TestRequest(#"{"inputs":[{\#(left)}]}"#).refusal()
        #expect(error?.message == message)
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        arguments: [
            #"{"x":tru}"#, #"{"x":nul}"#, #"{"x":"\q"}"#, #"{"x":[1,]}"#, #"{"x":[,1]}"#, #"{"x":{,}}"#,
            #"{"x":{"a" 1}}"#, #"{"x":{"a":1,}}"#, #"{"x":{a:1}}"#, #"{"x":{1:1}}"#, #"{"x":01}"#, #"{"x":1e999}"#,
            #"{"x":[1}"#, #"{"x":{"a":1]}"#, #"{"x"}"#, #"{"x":}"#, #"{"x":1 2}"#, #"{"x":truex}"#, #"{"x":-}"#,
            #"{"x":[[1]}"#, #"{"x":{"y":{"z":[nope]}}}"#, #"{"x":/*c*/1}"#, #"{,"x":1}"#, #"{"x":1,}"#,
            #"{"\ud800":1}"#,
            #"{"inputs":[],"x":[1 1]}"#, #"{"inputs":[{"name":"a","more":[01]}]}"#, #"{"x":"}"#, "{'x':1}", #"{x":1}"#,
        ]
    )
    func `members that nobody reads are valid JSON or the request is refused`(json: String) {
        #expect(TestRequest(json).refusal()?.message.hasPrefix("failed to parse the request JSON buffer") == true)
    }

    @Test(
        arguments: [
            #"{"model_name":"m","x":[[],{},[{}],"",null,true,false,-0,1e5,0.1E-2]}"#, #"{"":""}"#, "{}", " {\n}\t\r\n",
            #"{"inputs":[]}"#, #"{"outputs":[]}"#, #"{"parameters":{}}"#, #"{"x":123456789012345678901234567890}"#,
            #"{"x":1,"x":2}"#,
        ]
    )
    func `members that nobody knows are left alone`(json: String) throws {
        let decoded = try TestRequest(json).decode()
        #expect(decoded.inputs.isEmpty && decoded.outputs.isEmpty && decoded.id.isEmpty && decoded.parameters.isEmpty)
    }

    @Test(
        arguments: [
            (#"{"id":1}"#, "id"), (#"{"id":null}"#, "id"), (#"{"id":["a"]}"#, "id"), (#"{"inputs":{}}"#, "inputs"),
            (#"{"inputs":null}"#, "inputs"), (#"{"inputs":[1]}"#, "inputs[0]"), (#"{"inputs":[[]]}"#, "inputs[0]"),
            (#"{"inputs":[{"name":1}]}"#, "inputs[0].name"), (#"{"inputs":[{"shape":1}]}"#, "inputs[0].shape"),
            (#"{"inputs":[{"shape":["1"]}]}"#, "inputs[0].shape[0]"),
            (#"{"inputs":[{"datatype":1}]}"#, "inputs[0].datatype"),
            (#"{"inputs":[{"parameters":[]}]}"#, "inputs[0].parameters"), (#"{"outputs":{}}"#, "outputs"),
            (#"{"outputs":["y"]}"#, "outputs[0]"), (#"{"outputs":[{"name":1}]}"#, "outputs[0].name"),
            (#"{"outputs":[{}]}"#, "outputs[0].name"), (#"{"outputs":[{"parameters":1}]}"#, "outputs[0].parameters"),
            (#"{"outputs":[{"parameters":{"binary_data":1}}]}"#, "outputs[0].parameters.binary_data"),
            (#"{"parameters":[]}"#, "parameters"), (#"{"parameters":{"priority":-1}}"#, "parameters.priority"),
            (#"{"parameters":{"priority":1.5}}"#, "parameters.priority"),
            (#"{"parameters":{"timeout":"1"}}"#, "parameters.timeout"),
            (#"{"parameters":{"timeout":18446744073709551616}}"#, "parameters.timeout"),
            (#"{"parameters":{"binary_data_output":"true"}}"#, "parameters.binary_data_output"),
            (#"{"parameters":{"a":null}}"#, "parameters.a"), (#"{"parameters":{"a":[]}}"#, "parameters.a"),
            (
                #"{"parameters":{"triton_enable_empty_final_response":true}}"#,
                "parameters.triton_enable_empty_final_response"
            ),
        ]
    )
    func `a member of the wrong type is named`(json: String, field: String) {
        let error = TestRequest(json).refusal()
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == field)
    }

    @Test func `parameters keep their type, and the protocol's own go to their places`() throws {
        let request = TestRequest(
            #"""
            {"parameters":{"priority":18446744073709551615,"timeout":5,"binary_data_output":true,"s":"v","t":true,
            "i":-9223372036854775808,"d":0.5,"u":18446744073709551615,"f":1.0}}
            """#
        )
        let decoded = try request.decode()
        #expect(decoded.priority == .max)
        #expect(decoded.timeoutMicroseconds == 5)
        #expect(decoded.binaryDataOutput)
        #expect(
            decoded.parameters == [
                "s": .string("v"), "t": .bool(true), "i": .int(.min), "d": .double(0.5), "f": .double(1),
                "u": .double(0x1p64),
            ]
        )
    }

    @Test func `more than two hundred and fifty-six parameters are refused`() throws {
        func json(_ count: Int) -> String {
            #"{"parameters":{\#((0..<count).map { "\"p\($0)\":1" }.joined(separator: ","))}}"#
        }
        #expect(try TestRequest(json(256)).decode().parameters.count == 256)
        #expect(TestRequest(json(257)).refusal()?.message.contains("at most 256") == true)
    }

    @Test func `more tensors than the limit are refused`() throws {
        func json(_ name: String, _ count: Int) -> String {
            let tensor = #"{"name":"x","shape":[1],"datatype":"BOOL","data":[true]}"#
            return "{\"\(name)\":[\(Array(repeating: tensor, count: count).joined(separator: ","))]}"
        }
        #expect(try TestRequest(json("inputs", 1024)).decode().inputs.count == 1024)
        #expect(try TestRequest(json("outputs", 1024)).decode().outputs.count == 1024)
        #expect(TestRequest(json("inputs", 1025)).refusal()?.field == "inputs")
        #expect(TestRequest(json("outputs", 1025)).refusal()?.field == "outputs")
    }

    @Test func `outputs are listed in their order with their form`() throws {
        let outputs = try TestRequest(
            #"{"outputs":[{"parameters":{"binary_data":true,"k":[1]},"name":"b"},{"name":"a"},{"name":"\u0063"}]}"#
        ).decode().outputs
        #expect(outputs.map(\.name) == ["b", "a", "c"])
        #expect(outputs.map(\.isBinary) == [true, false, false])
    }

    @Test func `an output may be asked for as classes`() throws {
        let request = TestRequest(
            #"{"outputs":[{"name":"y","parameters":{"classification":3}},{"name":"z","parameters":{"classification":0}}]}"#
        )
        let outputs = try request.decode().outputs
        #expect(outputs[0].special?.classCount == 3)
        #expect(outputs[1].special == nil)
        for value in ["-1", "1.5", "\"3\"", "true", "null"] {
            let error = TestRequest(#"{"outputs":[{"name":"y","parameters":{"classification":\#(value)}}]}"#).refusal()
            #expect(error?.field == "outputs[0].parameters.classification", "\(value)")
        }
    }

    @Test func `an unknown datatype is refused with the known ones`() {
        for name in ["FP8", "fp32", "FP32 ", "STRING", "TYPE_FP32", ""] {
            let error = TestRequest(#"{"inputs":[{"name":"x","datatype":"\#(name)"}]}"#).refusal()
            #expect(error?.got == name)
            #expect(error?.message.contains("BOOL, UINT8") == true)
        }
    }
}

extension Array {
    /// Every order of the elements.
    fileprivate var permutations: [[Element]] {
        guard count > 1 else { return [self] }
        return indices.flatMap { index in
            var rest = self
            let element = rest.remove(at: index)
            return rest.permutations.map { [element] + $0 }
        }
    }
}
