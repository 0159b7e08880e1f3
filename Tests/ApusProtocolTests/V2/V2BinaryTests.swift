import ApusCore
import ApusProtocol
import Testing

/// The binary tensor extension: sizes that must be true, tensors beside JSON ones.
struct V2BinaryTests {
    /// The JSON of one input whose data is binary.
    private static func input(_ dataType: DataType, shape: String, size: String, name: String = "x") -> String {
        #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(dataType.rawValue)","#
            + #""parameters":{"binary_data_size":\#(size)}}"#
    }

    private func request(_ inputs: [String], _ binary: [UInt8]) -> TestRequest {
        TestRequest(#"{"inputs":[\#(inputs.joined(separator: ","))]}"#, binary: binary)
    }

    @Test func `each datatype's bytes are taken as they are`() throws {
        for dataType in DataType.allCases where dataType != .bytes {
            let bytes = (0..<(dataType.byteSize ?? 0) * 3).map { UInt8($0 + 1) }
            let decoded = request([V2BinaryTests.input(dataType, shape: "[3]", size: "\(bytes.count)")], bytes)
            #expect(try decoded.tensor().byteArray == bytes, "\(dataType)")
            #expect(try decoded.tensor().storage.isAligned(to: dataType.alignment))
        }
    }

    @Test func `binary and JSON tensors may be mixed, and keep their order`() throws {
        let json = #"{"name":"j","shape":[1],"datatype":"INT8","data":[9]}"#
        let late = #"{"data":[8],"name":"l","shape":[1],"datatype":"INT8"}"#
        let mixed = request(
            [
                V2BinaryTests.input(.uint8, shape: "[3]", size: "3", name: "a"), json,
                V2BinaryTests.input(.int64, shape: "[1]", size: "8", name: "b"), late,
                V2BinaryTests.input(.fp32, shape: "[0,5]", size: "0", name: "c"),
                V2BinaryTests.input(.bytes, shape: "[2]", size: "11", name: "d"),
            ],
            [1, 2, 3] + [4, 0, 0, 0, 0, 0, 0, 0] + [3, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0]
        )
        let inputs = try mixed.decode().inputs
        #expect(inputs.map(\.name) == ["a", "j", "b", "l", "c", "d"])
        #expect(inputs[0].tensor.byteArray == [1, 2, 3])
        #expect(inputs[1].tensor.byteArray == [9])
        #expect(inputs[2].tensor.elements(as: Int64.self) == [4])
        #expect(inputs[3].tensor.byteArray == [8])
        #expect(inputs[4].tensor.byteArray == [])
        #expect(inputs[5].tensor.byteStrings == [[97, 98, 99], []])
    }

    @Test func `a body shorter than promised says how much is missing`() {
        let promised = request([V2BinaryTests.input(.fp32, shape: "[2]", size: "8")], [1, 2, 3])
        #expect(
            promised.refusal()?.message
                == "unexpected size for input 'x', expecting 5 additional bytes for model 'anything'"
        )
        let none = request([V2BinaryTests.input(.fp32, shape: "[2]", size: "8")], [])
        #expect(none.refusal()?.message.contains("expecting 8 additional bytes") == true)
    }

    @Test func `left-over bytes are refused`() {
        let more = request([V2BinaryTests.input(.fp32, shape: "[1]", size: "4")], [1, 2, 3, 4, 5])
        #expect(more.refusal()?.message == "unexpected additional input data for model 'anything'")
        #expect(more.refusal()?.got == "1 bytes")
        #expect(TestRequest("{}", binary: [1]).refusal()?.message.hasPrefix("unexpected additional") == true)
        var json = TestRequest(dataType: .fp32, shape: "[1]", data: "[1]")
        json.binary = [0]
        #expect(json.refusal()?.message.hasPrefix("unexpected additional") == true)
    }

    @Test func `a size that isn't the shape's is refused`() {
        for (size, shape) in [(4, "[2]"), (12, "[2]"), (7, "[2]"), (0, "[2]"), (4, "[0]"), (8, "[]")] {
            let error = request(
                [V2BinaryTests.input(.fp32, shape: shape, size: "\(size)")],
                [UInt8](repeating: 0, count: size)
            ).refusal()
            #expect(error?.message.hasPrefix("input byte size mismatch for input 'x' for model 'anything'") == true)
        }
    }

    @Test(
        arguments: [
            "-1", "1.5", "8.0", "1e1", "\"8\"", "true", "null", "[8]", "{}", "18446744073709551616", "NaN",
            "9223372036854775808", "18446744073709551615",
        ]
    )
    func `sizes that are no sizes are refused`(size: String) {
        let error = request(
            [V2BinaryTests.input(.fp32, shape: "[2]", size: size)],
            [UInt8](repeating: 0, count: 8)
        ).refusal()
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "inputs[0].parameters.binary_data_size")
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775800", "4294967296", "1099511627776", "9"])
    func `sizes that lie about the body are refused without arithmetic that traps`(size: String) {
        for inputs in [[size], ["8", size], [size, size], ["1", size, "9223372036854775807"]] {
            let texts = inputs.map { V2BinaryTests.input(.uint8, shape: "[\($0)]", size: $0) }
            let error = request(texts, [UInt8](repeating: 0, count: 8)).refusal()
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test func `more than one source of data is refused`() {
        let two = [
            #""parameters":{"binary_data_size":4},"data":[1]"#, #""data":[1],"parameters":{"binary_data_size":4}"#,
            #""parameters":{"binary_data_size":4,"binary_data_size":4}"#,
            #""parameters":{"binary_data_size":4,"shared_memory_region":"r"}"#,
            #""parameters":{"shared_memory_region":"r"},"data":[1]"#,
        ]
        for sources in two {
            for order in [0, 1] {
                let rest = #""name":"x","shape":[1],"datatype":"FP32""#
                let members = order == 0 ? "\(rest),\(sources)" : "\(sources),\(rest)"
                let error = request(["{\(members)}"], [0, 0, 0, 0]).refusal()
                #expect(error?.message.hasPrefix("input 'x' must have exactly one of 'data'") == true, "\(members)")
            }
        }
    }

    @Test func `shared memory that nobody registered is not found`() {
        let parameters = #"{"shared_memory_region":"r","shared_memory_byte_size":4}"#
        let json = #"{"name":"x","shape":[1],"datatype":"FP32","parameters":\#(parameters)}"#
        #expect(request([json], []).refusal()?.code == .notFound)
    }

    @Test func `BYTES lengths must fill their part exactly`() throws {
        let good: [UInt8] = [2, 0, 0, 0, 104, 105, 1, 0, 0, 0, 33]
        let input = V2BinaryTests.input(.bytes, shape: "[2]", size: "11")
        #expect(try request([input], good).tensor().byteStrings == [[104, 105], [33]])
        for index in good.indices where ![4, 5, 10].contains(index) {
            for byte in UInt8.min...UInt8.max where byte != good[index] {
                var bytes = good
                bytes[index] = byte
                let error = request([input], bytes).refusal()
                #expect(error?.message.contains("must hold exactly 2 BYTES elements") == true, "\(index): \(byte)")
            }
        }
        for shape in ["[1]", "[3]", "[0]", "[]", "[9999999]"] {
            let wrong = request([V2BinaryTests.input(.bytes, shape: shape, size: "11")], good)
            #expect(wrong.refusal()?.message.contains("BYTES elements") == true)
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `random sizes and bodies end in tensors that are as long as they say, or in a refusal`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let types = DataType.allCases
        for _ in 0..<5_000 {
            let inputs = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                V2BinaryTests.input(
                    types.randomElement(using: &generator) ?? .bool,
                    shape: "[\(Int.random(in: 0...3, using: &generator))]",
                    size: "\(Int.random(in: 0...12, using: &generator))"
                )
            }
            let binary = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                UInt8.random(in: 0...3, using: &generator)
            }
            guard let decoded = try? request(inputs, binary).decode() else { continue }
            #expect(decoded.inputs.map(\.tensor.storage.byteCount).reduce(0, +) == binary.count)
            for input in decoded.inputs {
                let tensor = input.tensor
                #expect(
                    tensor.shape.byteCount(of: tensor.dataType) ?? tensor.storage.byteCount == tensor.storage.byteCount
                )
                if tensor.dataType == .bytes { #expect(tensor.byteStrings.count == tensor.shape.elementCount) }
            }
        }
    }
}
