import ApusCore
import Testing

@testable import ApusProtocol

struct GenerateRequestTests {
    private func model(_ inputs: TensorSpecification...) -> ModelDescription {
        ModelDescription(
            id: ModelID(name: ModelName("m")!, version: .first),
            platform: "p",
            inputs: inputs,
            outputs: []
        )
    }

    private func decode(_ json: String, _ model: ModelDescription) throws(InferenceError) -> GenerateRequest {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        return try GenerateRequest(Array(json.utf8), model: model, limits: InputLimits(), memory: &memory)
    }

    private func refusal(_ json: String, _ model: ModelDescription) -> InferenceError? {
        do throws(InferenceError) {
            _ = try decode(json, model)
            return nil
        } catch {
            return error
        }
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] {
        unsafe tensor.storage.withUnsafeBytes { unsafe Array($0) }
    }

    @Test func `members are inputs or parameters, those of parameters too`() throws {
        let both = model(
            TensorSpecification(name: "text", dataType: .bytes, shape: [1]),
            TensorSpecification(name: "top", dataType: .int32, shape: [1])
        )
        let request = try decode(
            #"{"id":"7","text":"hä","stream":false,"parameters":{"top":3,"heat":0.5,"n":2,"stop":"x","priority":2}}"#,
            both
        )
        #expect(request.id == "7")
        #expect(request.inputs.map(\.name) == ["text", "top"])
        #expect(bytes(request.inputs[0].tensor) == [3, 0, 0, 0, 104, 0xC3, 0xA4])
        #expect(bytes(request.inputs[1].tensor) == [3, 0, 0, 0])
        #expect(
            request.parameters == ["stream": .bool(false), "heat": .double(0.5), "n": .int(2), "stop": .string("x")]
        )
        #expect(request.priority == 2)
    }

    @Test(arguments: [
        ([-1], "5", [1]), ([-1], "[1,2,3]", [3]), ([-1, -1], "[1,2,3]", [1, 3]), ([-1, 2], "[1,2,3,4]", [2, 2]),
        ([2, -1], "[1,2,3,4]", [2, 2]), ([1], "5", [1]), ([3], "[1,2,3]", [3]), ([-1, 1, -1], "[1,2]", [1, 1, 2]),
        ([-1], "[]", [0]), ([], "1", []),
    ]) func `the shape is what the model's leaves open`(_ shape: [Int], _ value: String, _ expected: [Int]) throws {
        let one = model(TensorSpecification(name: "x", dataType: .fp32, shape: shape))
        #expect(try decode(#"{"x":\#(value)}"#, one).inputs[0].tensor.shape.dimensions == expected)
    }

    @Test(arguments: [([3], "[1,2]"), ([2, -1], "[1,2,3]"), ([1], "[]"), ([2, 2], "[1,2,3,4,5]"), ([], "[1,2]")])
    func `elements that can't fill the shape are refused`(_ shape: [Int], _ value: String) {
        let one = model(TensorSpecification(name: "x", dataType: .fp32, shape: shape))
        let error = refusal(#"{"x":\#(value)}"#, one)
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "x")
    }

    @Test(arguments: [
        (DataType.bool, "true", [1] as [UInt8]), (.uint8, "255", [255]), (.int8, "-1", [255]),
        (.uint16, "258", [2, 1]),
        (.int16, "-2", [254, 255]), (.int32, "-1", [255, 255, 255, 255]), (.uint32, "1", [1, 0, 0, 0]),
        (.int64, "-1", [UInt8](repeating: 255, count: 8)),
        (.uint64, "18446744073709551615", [UInt8](repeating: 255, count: 8)),
        (.fp32, "1.5", [0, 0, 0xC0, 0x3F]), (.fp64, "1", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]), (.fp16, "1", [0, 0x3C]),
        (.bf16, "1", [0x80, 0x3F]), (.int32, "3.0", [3, 0, 0, 0]),
    ]) func `each type is written as it is`(_ type: DataType, _ value: String, _ expected: [UInt8]) throws {
        let one = model(TensorSpecification(name: "x", dataType: type, shape: [1]))
        #expect(bytes(try decode(#"{"x":\#(value)}"#, one).inputs[0].tensor) == expected)
    }

    @Test(arguments: [
        (DataType.uint8, "256"), (.uint8, "-1"), (.int8, "128"), (.int32, "1.5"), (.int32, "\"1\""), (.fp32, "1e300"),
        (.fp16, "70000"), (.bf16, "3.4e38"), (.bool, "1"), (.bytes, "1"), (.fp32, "null"), (.fp32, "[[1]]"),
        (.fp32, "true"), (.uint64, "18446744073709551616"),
    ]) func `what a type can't hold is refused`(_ type: DataType, _ value: String) {
        let one = model(TensorSpecification(name: "x", dataType: type, shape: [1]))
        let error = refusal(#"{"x":\#(value)}"#, one)
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "x")
    }

    @Test(arguments: [
        "", "[]", "{", #"{"y":[1]}"#, #"{"y":{}}"#, #"{"y":null}"#, #"{"triton_x":1}"#, #"{"x":1,"x":2}"#,
        #"{"x":1,"parameters":{"x":2}}"#, #"{"priority":-1}"#, #"{"timeout":"1"}"#, #"{"sequence_id":-1}"#,
    ]) func `other members are refused`(_ json: String) {
        let one = model(TensorSpecification(name: "x", dataType: .fp32, shape: [1]))
        #expect(refusal(json, one)?.code == .invalidArgument)
    }

    @Test func `a sequence is named as in other requests`() throws {
        let one = model(TensorSpecification(name: "x", dataType: .fp32, shape: [1]))
        let request = try decode(#"{"x":1,"sequence_id":5,"sequence_start":true}"#, one)
        #expect(request.sequence == SequencePosition(id: .number(5), isStart: true, isEnd: false))
        #expect(try decode(#"{"x":1,"sequence_id":0}"#, one).sequence == nil)
    }

    @Test func `values are charged before they are read, and bounded`() {
        let one = model(TensorSpecification(name: "x", dataType: .uint8, shape: [-1]))
        let text = #"{"x":["# + [String](repeating: "1", count: 100_000).joined(separator: ",") + "]}"
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: 1 << 20))
        #expect(throws: InferenceError.self) {
            _ = try GenerateRequest(Array(text.utf8), model: one, limits: InputLimits(), memory: &memory)
        }
    }

    /// A body of so many bytes, all but a few of them one text.
    private func long(_ count: Int, as member: String) -> [UInt8] {
        let head = #"{"\#(member)":""#
        return Array((head + String(repeating: "a", count: count - head.utf8.count - 2) + #""}"#).utf8)
    }

    @Test func `what parsing takes is given back, what stays is kept`() throws {
        let one = model(TensorSpecification(name: "x", dataType: .uint8, shape: [-1]))
        let text = #"{"x":["# + [String](repeating: "1", count: 100_000).joined(separator: ",") + "]}"
        let two = model(TensorSpecification(name: "x", dataType: .bytes, shape: [-1]))
        for (body, model, kept) in [
            (Array(text.utf8), one, 100_000), (long(100_000, as: "x"), two, 100_000 - 8 + 4 + 32),
            (long(100_000, as: "y"), one, 100_000 - 8 + 1), (long(100_000, as: "id"), one, 100_000 - 9),
        ] {
            let budget = ByteBudget(limit: 1 << 30)
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
            _ = try GenerateRequest(body, model: model, limits: InputLimits(), memory: &memory)
            #expect(budget.inUse == kept)
            let charge = memory.takeCharge()
            _ = consume charge
            #expect(budget.inUse == 0)
        }
    }

    @Test func `the copy of the text and its strings are charged while it is parsed`() {
        let one = model(TensorSpecification(name: "x", dataType: .bytes, shape: [-1]))
        func fits(_ limit: Int) -> Bool {
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: limit))
            do throws(InferenceError) {
                _ = try GenerateRequest(long(100_000, as: "x"), model: one, limits: InputLimits(), memory: &memory)
                return true
            } catch {
                return false
            }
        }
        let values = 50_001 * GenerateRequest.valueBytes
        #expect(!fits(values + 199_999))
        #expect(fits(values + 400_000))
    }
}
