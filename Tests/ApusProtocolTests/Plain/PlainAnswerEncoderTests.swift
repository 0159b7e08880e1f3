import ApusCore
import Testing

@testable import ApusProtocol

struct PlainAnswerEncoderTests {
    private func json(_ form: PlainForm, _ outputs: [(String, Tensor)], maxBytes: Int = 1 << 20) throws -> String {
        let outputs = outputs.map { NamedTensor(name: $0.0, tensor: $0.1) }
        let encoder = try PlainAnswerEncoder(form: form, outputs: outputs, maxBytes: maxBytes)
        return String(decoding: MeasuredText(bound: encoder.bound) { encoder.write(into: &$0) }.bytes, as: UTF8.self)
    }

    private func floats(_ values: [Float], _ shape: [Int]) -> Tensor {
        let tensor = Tensor(.fp32, values)
        return Tensor(dataType: .fp32, shape: TensorShape(shape)!, storage: tensor.storage)
    }

    @Test func `each form has its frame`() throws {
        let output = ("y", floats([1, 2], [1, 2]))
        #expect(try json(PlainForm(.prediction), [output]) == #"{"prediction":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.predictions), [output]) == #"{"predictions":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.outputs(isNamed: false)), [output]) == #"{"outputs":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.outputs(isNamed: true)), [output]) == #"{"outputs":{"y":[[1.0,2.0]]}}"#)
        #expect(try json(PlainForm(.members), [output]) == #"{"y":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.value), [output]) == "[[1.0,2.0]]")
    }

    @Test func `a question without its leading dimension has such an answer`() throws {
        let output = ("y", floats([1, 2], [1, 2]))
        #expect(try json(PlainForm(.prediction, omitsBatch: true), [output]) == #"{"prediction":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.predictions, omitsBatch: true), [output]) == #"{"predictions":[[1.0,2.0]]}"#)
        #expect(try json(PlainForm(.members, omitsBatch: true), [output]) == #"{"y":[1.0,2.0]}"#)
        #expect(try json(PlainForm(.value, omitsBatch: true), [output]) == "[1.0,2.0]")
        #expect(try json(PlainForm(.value, omitsBatch: true), [("y", floats([1, 2], [2, 1]))]) == "[[1.0],[2.0]]")
    }

    @Test func `one element is a number in the last three`() throws {
        let output = ("y", floats([3.2], [1, 1]))
        #expect(try json(PlainForm(.prediction), [output]) == #"{"prediction":[[3.2]]}"#)
        #expect(try json(PlainForm(.predictions), [output]) == #"{"predictions":[[3.2]]}"#)
        #expect(try json(PlainForm(.outputs(isNamed: false)), [output]) == #"{"outputs":3.2}"#)
        #expect(try json(PlainForm(.outputs(isNamed: true)), [output]) == #"{"outputs":{"y":3.2}}"#)
        #expect(try json(PlainForm(.members), [output]) == #"{"y":3.2}"#)
        #expect(try json(PlainForm(.value), [output]) == "3.2")
    }

    @Test func `several outputs come by name`() throws {
        let outputs = [("label", Tensor(.int64, [Int64(2)])), ("p", floats([0.25, 0.75], [1, 2]))]
        #expect(try json(PlainForm(.prediction), outputs) == #"{"prediction":{"label":[2],"p":[[0.25,0.75]]}}"#)
        #expect(try json(PlainForm(.value, omitsBatch: true), outputs) == #"{"label":2,"p":[0.25,0.75]}"#)
    }

    @Test func `what is no number is null`() throws {
        let output = ("y", floats([.nan, 1, .infinity, -.infinity], [2, 2]))
        #expect(try json(PlainForm(.value), [output]) == "[[null,1.0],[null,null]]")
        #expect(try json(PlainForm(.value), [("y", Tensor(.fp64, [Double.nan]))]) == "null")
        #expect(
            try json(PlainForm(.value), [("y", Tensor(.fp16, [0x7e00, 0x3c00, 0xfc00] as [UInt16]))])
                == "[null,1.0,null]"
        )
        #expect(try json(PlainForm(.value), [("y", Tensor(.bf16, [0x7fc0, 0x3f80] as [UInt16]))]) == "[null,1.0]")
    }

    @Test func `any shape is written`() throws {
        #expect(try json(PlainForm(.predictions), [("y", floats([1], []))]) == #"{"predictions":1.0}"#)
        #expect(try json(PlainForm(.value), [("y", floats([], [0]))]) == "[]")
        #expect(try json(PlainForm(.value), [("y", floats([], [2, 0]))]) == "[[],[]]")
        #expect(try json(PlainForm(.value), [("y", floats([], [0, 2]))]) == "[]")
        #expect(
            try json(PlainForm(.value), [("y", floats([1, 2, 3, 4], [2, 2, 1]))]) == "[[[1.0],[2.0]],[[3.0],[4.0]]]"
        )
        #expect(try json(PlainForm(.value), [("y", Tensor(.bool, [1, 0] as [UInt8]))]) == "[true,false]")
    }

    @Test func `texts are written with their shape`() throws {
        let flat = Tensor(strings: ["a", "\"", "é", ""].map { Array($0.utf8) })
        let tensor = Tensor(dataType: .bytes, shape: TensorShape([2, 2])!, storage: flat.storage)
        #expect(try json(PlainForm(.value), [("y", tensor)]) == #"[["a","\""],["é",""]]"#)
        #expect(try json(PlainForm(.members), [("y", Tensor(strings: [Array("a".utf8)]))]) == #"{"y":"a"}"#)
        #expect(throws: InferenceError.self) { try json(PlainForm(.value), [("y", Tensor(strings: [[0xff]]))]) }
    }

    @Test func `an answer that might grow too large is refused before it is written`() throws {
        let many = Tensor(dataType: .fp32, shape: TensorShape([1 << 40, 0])!, storage: TensorStorage(byteCount: 0)!)
        #expect(throws: InferenceError.self) { try json(PlainForm(.value), [("y", many)]) }
        let more = Tensor(
            dataType: .fp32,
            shape: TensorShape([1 << 31, 1 << 30, 0])!,
            storage: TensorStorage(byteCount: 0)!
        )
        #expect(throws: InferenceError.self) { try json(PlainForm(.value), [("y", more)], maxBytes: .max) }
        #expect(throws: InferenceError.self) {
            try json(PlainForm(.value), [("y", floats([1, 2], [2]))], maxBytes: 64)
        }
    }
}
