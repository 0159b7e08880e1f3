import ApusCore
import ApusProtocol
import Testing

/// Answers: their exact text, and that they never take more room than was measured out.
struct V2ResponseEncoderTests {
    @Test func `a small answer has exactly this text`() throws {
        let outputs = [
            NamedTensor(
                name: "a",
                tensor: Tensor(.fp32, [1, -2.5, 1e-7, .nan, .infinity, -.infinity, -0.0] as [Float])
            ),
            NamedTensor(name: "b", tensor: Tensor(strings: [Array("x\"\\\n\u{1}é".utf8), []])),
            NamedTensor(name: "c", tensor: Tensor(.bool, [1, 0] as [UInt8])),
            NamedTensor(name: "d", tensor: Tensor(.uint64, [UInt64.max])),
            NamedTensor(name: "e", tensor: Tensor(.int8, [] as [Int8])),
        ]
        let answer = try TestAnswer(id: "id\"1", outputs: outputs)
        #expect(
            answer.text == #"{"id":"id\"1","model_name":"anything","model_version":"3","outputs":["#
                + #"{"name":"a","datatype":"FP32","shape":[7],"data":[1.0,-2.5,1e-07,NaN,Infinity,-Infinity,-0.0]},"#
                + #"{"name":"b","datatype":"BYTES","shape":[2],"data":["x\"\\\n\u0001é",""]},"#
                + #"{"name":"c","datatype":"BOOL","shape":[2],"data":[true,false]},"#
                + #"{"name":"d","datatype":"UINT64","shape":[1],"data":[18446744073709551615]},"#
                + #"{"name":"e","datatype":"INT8","shape":[0],"data":[]}]}"#
        )
        #expect(answer.binary.isEmpty)
    }

    @Test func `an answer without id and outputs is short`() throws {
        #expect(
            try TestAnswer(outputs: []).text == #"{"model_name":"anything","model_version":"3","outputs":[]}"#
        )
    }

    @Test func `binary outputs follow in the order of the JSON`() throws {
        let outputs = [
            NamedTensor(name: "b", tensor: Tensor(.uint8, [1, 2] as [UInt8])),
            NamedTensor(name: "j", tensor: Tensor(.uint8, [3] as [UInt8])),
            NamedTensor(name: "a", tensor: Tensor(strings: [[0xff]])),
            NamedTensor(name: "e", tensor: Tensor(.fp32, [] as [Float])),
        ]
        let form = V2OutputForm(listed: [V2RequestedOutput(name: "j", isBinary: false)], others: true)
        let answer = try TestAnswer(outputs: outputs, form: form)
        #expect(
            answer.text == #"{"model_name":"anything","model_version":"3","outputs":["#
                + #"{"name":"b","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},"#
                + #"{"name":"j","datatype":"UINT8","shape":[1],"data":[3]},"#
                + #"{"name":"a","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}},"#
                + #"{"name":"e","datatype":"FP32","shape":[0],"parameters":{"binary_data_size":0}}]}"#
        )
        #expect(answer.binary == [1, 2, 1, 0, 0, 0, 0xff])
    }

    @Test func `BYTES that are not UTF-8 can't be given as JSON`() {
        let output = NamedTensor(name: "s", tensor: Tensor(strings: [Array("ok".utf8), [0xc3]]))
        let error = #expect(throws: InferenceError.self) { try TestAnswer(outputs: [output]) }
        #expect(error?.message == "output 's' can't be given as JSON: element 1 is not UTF-8")
    }

    @Test func `an answer that might be larger than allowed is refused before it is written`() throws {
        let output = NamedTensor(name: "y", tensor: Tensor(.fp32, [1, 2, 3] as [Float]))
        let bound = try TestAnswer(outputs: [output]).bound
        #expect(try TestAnswer(outputs: [output], maxBytes: bound).json.count < bound)
        let json = #expect(throws: InferenceError.self) { try TestAnswer(outputs: [output], maxBytes: bound - 1) }
        #expect(json?.code == .tooLarge)
        #expect(json?.message.contains("max_answer_bytes is \(bound - 1)") == true)
        #expect(json?.hint.contains("binary") == true)
        // The bytes behind the JSON count too.
        let form = V2OutputForm.allBinary
        let json0 = try TestAnswer(outputs: [output], form: form).bound
        #expect(try TestAnswer(outputs: [output], form: form, maxBytes: json0 + 12).binary.count == 12)
        let binary = #expect(throws: InferenceError.self) {
            try TestAnswer(outputs: [output], form: form, maxBytes: json0 + 11)
        }
        #expect(binary?.code == .tooLarge)
        #expect(binary?.hint.contains("binary") == false)
    }

    @Test func `an answer of more than four gibibytes is refused and not tried`() throws {
        // Nobody touches the memory, so there needn't be so much.
        let count = 1_200_000_000
        let storage = try #require(TensorStorage(byteCount: count))
        let tensor = Tensor(dataType: .uint8, shape: TensorShape([count])!, storage: storage)
        let error = #expect(throws: InferenceError.self) {
            try TestAnswer(
                outputs: [NamedTensor(name: "y", tensor: tensor)],
                maxBytes: InputLimits().maxAnswerBytes
            )
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func `storage that is shorter than its shape is never read`() async {
        await #expect(processExitsWith: .failure) {
            let storage = TensorStorage(byteCount: 8)!
            let tensor = Tensor(dataType: .fp32, shape: TensorShape([3])!, storage: storage)
            _ = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: tensor)])
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random answers of extreme values are JSON and keep within the bound`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let outputs = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                NamedTensor(
                    name: V2ResponseEncoderTests.text(using: &generator),
                    tensor: V2ResponseEncoderTests.tensor(using: &generator)
                )
            }
            let id = V2ResponseEncoderTests.text(using: &generator)
            let form = V2OutputForm(listed: [], others: Int.random(in: 0..<4, using: &generator) == 0)
            let answer = try TestAnswer(id: id, outputs: outputs, form: form)
            #expect(answer.json.count <= answer.bound)
            guard case .object(let members) = try #require(StrictJSON.parse(answer.json)) else { return }
            if !id.isEmpty {
                guard case .string(let written)? = members.first?.value else { return }
                #expect(written == Array(id.utf8))
            }
        }
    }

    @Test func `the widest number of every type keeps within the bound`() throws {
        let doubles: [Double] = [
            -Double.greatestFiniteMagnitude, -Double.leastNonzeroMagnitude, -2.2250738585072014e-308, -1e22, -1e16,
        ]
        let floats: [Float] = [
            -Float.greatestFiniteMagnitude, -Float.leastNonzeroMagnitude, -Float.leastNormalMagnitude, -16_777_216,
            -9_999_999,
        ]
        let tensors = [
            Tensor(.fp64, doubles), Tensor(.fp32, floats), Tensor(.int64, [Int64.min]), Tensor(.uint64, [UInt64.max]),
            Tensor(.int32, [Int32.min]), Tensor(.uint32, [UInt32.max]), Tensor(.int16, [Int16.min]),
            Tensor(.uint16, [UInt16.max]), Tensor(.int8, [Int8.min]), Tensor(.uint8, [UInt8.max]),
            Tensor(.bool, [0, 2] as [UInt8]), Tensor(.fp16, [0x8001, 0xfbff, 0xfc00, 0xc955] as [UInt16]),
            Tensor(.bf16, [0x8001, 0xff7f, 0xff80, 0x8080] as [UInt16]),
            Tensor(strings: [[UInt8](repeating: 0, count: 100), [], [0x22], [0x1f]]),
        ]
        for tensor in tensors {
            // As many that the fixed part of the bound doesn't matter.
            let copies = Array(repeating: tensor.byteArray, count: 1_000).flatMap(\.self)
            let count = tensor.shape.elementCount * 1_000
            let many = Tensor(
                dataType: tensor.dataType,
                shape: TensorShape([count])!,
                storage: TensorStorage(copying: copies)!
            )
            let answer = try TestAnswer(outputs: [NamedTensor(name: "y", tensor: many)])
            #expect(answer.json.count <= answer.bound)
            #expect(StrictJSON.parse(answer.json) != nil)
        }
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        String(
            (0..<Int.random(in: 0...20, using: &generator)).map { _ -> Character in
                ["\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "😀", "a", "/", "\u{2028}"]
                    .randomElement(using: &generator) ?? "x"
            }
        )
    }

    private static func tensor(using generator: inout SeededGenerator) -> Tensor {
        let dataType = DataType.allCases.randomElement(using: &generator) ?? .bool
        let dimensions = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            Int.random(in: 0...4, using: &generator)
        }
        let shape = TensorShape(dimensions) ?? .scalar
        guard let size = dataType.byteSize else {
            let bytes = (0..<shape.elementCount).flatMap { _ in Array(text(using: &generator).utf8).rawElement }
            return Tensor(dataType: dataType, shape: shape, storage: TensorStorage(copying: bytes)!)
        }
        let extremes: [UInt8] = [0x00, 0x01, 0x7f, 0x80, 0xff]
        let isExtreme = Bool.random(using: &generator)
        let bytes = (0..<shape.elementCount * size).map { _ in
            (isExtreme ? extremes.randomElement(using: &generator) : nil)
                ?? UInt8.random(in: 0...255, using: &generator)
        }
        return Tensor(dataType: dataType, shape: shape, storage: TensorStorage(copying: bytes)!)
    }
}
