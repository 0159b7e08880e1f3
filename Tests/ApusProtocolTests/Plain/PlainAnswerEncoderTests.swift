import ApusCore
import Testing

@testable import ApusProtocol

struct PlainAnswerEncoderTests {
    private func json(
        _ form: PlainForm,
        _ outputs: [(String, Tensor)],
        labels: [String: [String]] = [:],
        maxBytes: Int = 1 << 20
    ) throws -> String {
        let outputs = outputs.map { NamedTensor(name: $0.0, tensor: $0.1) }
        let encoder = try PlainAnswerEncoder(form: form, outputs: outputs, labels: labels, maxBytes: maxBytes)
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

    @Test func `names of classes stand beside the outputs`() throws {
        let scores = ("y", floats([0.5, 2, -1, 3, 3, 1], [2, 3]))
        let labels = ["y": ["cat", "do\"g", "eel"]]
        #expect(
            try json(PlainForm(.predictions), [scores], labels: labels)
                == #"{"predictions":[[0.5,2.0,-1.0],[3.0,3.0,1.0]],"labels":["do\"g","cat"]}"#
        )
        #expect(
            try json(PlainForm(.outputs(isNamed: true)), [scores], labels: labels)
                == #"{"outputs":{"y":[[0.5,2.0,-1.0],[3.0,3.0,1.0]]},"labels":{"y":["do\"g","cat"]}}"#
        )
        let one = ("y", floats([0.5, 2, -1], [1, 3]))
        #expect(try json(PlainForm(.prediction), [one], labels: labels).hasSuffix(#","labels":["do\"g"]}"#))
        let alone = PlainForm(.outputs(isNamed: false), omitsBatch: true)
        #expect(try json(alone, [one], labels: labels) == #"{"outputs":[0.5,2.0,-1.0],"labels":"do\"g"}"#)
        for form in [PlainForm(.members), PlainForm(.value)] {
            #expect(try !json(form, [one], labels: labels).contains("labels"), "there is no place for them")
        }
        let both = [("number", Tensor(.int64, [Int64(2)])), one, ("z", one.1)]
        #expect(
            try json(PlainForm(.predictions), both, labels: ["number": ["a", "b", "c"], "y": ["d", "e", "f"]])
                .hasSuffix(#","labels":{"number":["c"],"y":["e"]}}"#)
        )
    }

    @Test func `classes are read from outputs of every type`() throws {
        func label(_ tensor: Tensor, _ shape: [Int]) throws -> String {
            let tensor = Tensor(dataType: tensor.dataType, shape: TensorShape(shape)!, storage: tensor.storage)
            let text = try json(PlainForm(.predictions), [("y", tensor)], labels: ["y": ["a", "b", "c"]])
            return text.firstRange(of: #","labels":"#).map { String(text[$0.upperBound...].dropLast()) } ?? "none"
        }
        #expect(try label(Tensor(.fp64, [1, 3, 2] as [Double]), [1, 3]) == #"["b"]"#)
        #expect(try label(Tensor(.fp64, [1, 3, 2] as [Double]), [3]) == #""b""#)
        #expect(try label(Tensor(.fp32, [.nan, -3, -2] as [Float]), [1, 3]) == #"["c"]"#)
        #expect(try label(Tensor(.fp32, [.nan, .nan, .nan] as [Float]), [1, 3]) == "[null]")
        #expect(try label(Tensor(.fp16, [0xbc00, 0x3c00, 0x7e00] as [UInt16]), [1, 3]) == #"["b"]"#)
        #expect(try label(Tensor(.fp16, [0xbc00, 0xc000, 0x8001] as [UInt16]), [1, 3]) == #"["c"]"#)
        #expect(try label(Tensor(.bf16, [0xff80, 0x3f80, 0x3f81] as [UInt16]), [1, 3]) == #"["c"]"#)
        #expect(try label(Tensor(.uint8, [1, 255, 2] as [UInt8]), [1, 3]) == #"["b"]"#)
        #expect(try label(Tensor(.int8, [-1, -5, -2] as [Int8]), [1, 3]) == #"["a"]"#)
        #expect(try label(Tensor(.int64, [2, 0, 1] as [Int64]), [3]) == #"["c","a","b"]"#, "numbers of classes")
        #expect(try label(Tensor(.int32, [2, 3, -1] as [Int32]), [3, 1]) == #"["c",null,null]"#)
        #expect(try label(Tensor(.uint64, [UInt64.max, 1] as [UInt64]), [2]) == #"[null,"b"]"#)
        #expect(try label(Tensor(.int64, [1] as [Int64]), []) == #""b""#)
        #expect(try label(Tensor(.fp32, [] as [Float]), [0, 3]) == "[]")
        #expect(try label(Tensor(.fp32, [1, 2] as [Float]), [1, 2]) == "none", "other sizes than classes")
        #expect(try label(Tensor(.fp32, [1, 2, 3, 3, 2, 1] as [Float]), [1, 2, 3]) == #"[["c","a"]]"#)
        #expect(
            try json(PlainForm(.predictions), [("y", floats([1], [1]))], labels: ["y": []]).contains("labels") == false
        )
    }

    @Test func `names count against the answer's size`() {
        let output = ("y", floats([1, 2], [1, 2]))
        let labels = ["y": ["a", String(repeating: "x", count: 1000)]]
        #expect(throws: InferenceError.self) {
            try json(PlainForm(.predictions), [output], labels: labels, maxBytes: 1000)
        }
        #expect(throws: Never.self) { try json(PlainForm(.value), [output], labels: labels, maxBytes: 1000) }
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
