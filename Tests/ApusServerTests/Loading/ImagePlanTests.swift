import ApusCore
import Testing

@testable import ApusServer

/// What `apus.yaml` says of pictures, against inputs of all shapes that models of pictures have.
struct ImagePlanTests {
    private func plan(_ yaml: String, _ shape: [Int], _ dataType: DataType = .fp32) throws -> ImageInput {
        try plan(yaml, [TensorSpecification(name: "x", dataType: dataType, shape: shape)])
    }

    private func plan(_ yaml: String, _ inputs: [TensorSpecification]) throws -> ImageInput {
        let settings = try ModelSettings(text: "image: {\(yaml)}", place: "m/apus.yaml")
        return try #require(try ImagePlan.input(settings.image, inputs: inputs))
    }

    private func refusal(_ yaml: String, _ inputs: [TensorSpecification]) -> String {
        let error = #expect(throws: ModelError.self) { try plan(yaml, inputs) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message ?? ""
    }

    @Test(
        arguments: [
            // The model says it all.
            ([-1, 3, 224, 224], "", [1, 3, 224, 224], "NCHW rgb"), ([3, 10, 20], "", [3, 10, 20], "NCHW rgb"),
            ([1, 10, 20, 3], "", [1, 10, 20, 3], "NHWC rgb"), ([-1, 1, 28, 28], "", [1, 1, 28, 28], "NCHW grey"),
            ([-1, 28, 28, 1], "", [1, 28, 28, 1], "NHWC grey"), ([-1, 8, 8], "", [1, 8, 8], "NCHW grey"),
            ([8, 8], "", [8, 8], "NCHW grey"), ([10, 20, 3], "color: bgr", [10, 20, 3], "NHWC bgr"),
            // The configuration says what the model leaves open.
            ([-1, -1, -1, -1], "width: 20, height: 10, layout: NHWC", [1, 10, 20, 3], "NHWC rgb"),
            ([-1, -1, -1, -1], "width: 20, height: 10, layout: NCHW, color: grey", [1, 1, 10, 20], "NCHW grey"),
            ([-1, 3, -1, -1], "width: 20, height: 10", [1, 3, 10, 20], "NCHW rgb"),
            ([-1, -1, -1], "width: 20, height: 10, color: rgb, layout: NHWC", [10, 20, 3], "NHWC rgb"),
            // A picture as a row of numbers.
            ([-1, 64], "width: 8, height: 8", [1, 64], "NCHW grey"),
            ([-1, 192], "width: 8, height: 8, layout: NHWC", [1, 192], "NHWC rgb"),
            ([64], "width: 4, height: 16", [64], "NCHW grey"),
        ] as [([Int], String, [Int], String)]
    )
    func `a picture finds its place in the shape`(shape: [Int], yaml: String, one: [Int], kind: String) throws {
        let input = try plan(yaml, shape)
        #expect(input.shape.dimensions == one)
        #expect("\(input.layout.rawValue) \(input.color)" == kind)
        #expect(input.shape.elementCount == input.width * input.height * input.color.channels)
    }

    @Test func `values become elements of the input's type`() throws {
        func elements(_ yaml: String, _ dataType: DataType, _ value: Int, channel: Int = 0) throws -> [UInt8] {
            let input = try plan(yaml, [3, 4, 5], dataType)
            let size = dataType.byteSize ?? 1
            #expect(input.elements.map(\.count) == [256 * size, 256 * size, 256 * size])
            return Array(input.elements[channel][value * size..<(value + 1) * size])
        }
        func bytes(_ value: Float) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
        }
        #expect(try elements("", .fp32, 7) == bytes(7))
        #expect(try elements("mean: 127.5, scale: 1/127.5", .fp32, 255) == bytes(1))
        #expect(try elements("mean: 127.5, std: 127.5", .fp32, 0) == bytes(-1))
        #expect(try elements("mean: [0, 1, 2], scale: [1, 2, 3]", .fp32, 10, channel: 2) == bytes(24))
        #expect(
            try elements("mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375]", .fp32, 200, channel: 1)
                == bytes(Float((200 - 116.28) / 57.12))
        )
        #expect(try elements("", .uint8, 255) == [255])
        #expect(try elements("mean: 128", .int8, 0) == [0x80])
        #expect(try elements("", .int8, 200) == [127], "stops at the type's end")
        #expect(try elements("scale: 1/2", .uint8, 3) == [2], "rounds to even")
        #expect(try elements("", .fp16, 1) == [0x00, 0x3c])
        #expect(try elements("", .bf16, 1) == [0x80, 0x3f])
        #expect(try elements("scale: -1", .int64, 1) == [UInt8](repeating: 0xff, count: 8))
    }

    @Test func `the input is found`() throws {
        let inputs = [
            TensorSpecification(name: "threshold", dataType: .fp32, shape: [1], isOptional: true),
            TensorSpecification(name: "pixels", dataType: .fp32, shape: [-1, 3, 8, 8]),
        ]
        #expect(try plan("", inputs).input == "pixels")
        #expect(try plan("input: pixels", inputs).input == "pixels")
        #expect(refusal("input: pixel", inputs).contains("did you mean 'pixels'?"))
        let both = inputs.map { TensorSpecification(name: $0.name, dataType: $0.dataType, shape: $0.shape) }
        #expect(refusal("", both).contains("several inputs (threshold, pixels)"))
        #expect(refusal("input: pixels", both).contains("can't do without 'threshold'"))
    }

    @Test(
        arguments: [
            ("", [-1, -1, -1, -1], "m/apus.yaml: image"), ("width: 8, height: 8", [-1, -1, -1, -1], "say which it is"),
            ("", [-1, 3, -1, 8], "say width and height where the shape leaves it open"),
            ("width: 9", [-1, 3, 8, 8], "has the shape [-1,3,8,8]"),
            ("layout: NHWC", [-1, 3, 8, 8], "a picture has [height,width,1 or 3]"),
            ("color: grey", [-1, 3, 8, 8], "a picture has [1,"), ("", [4, 3, 8, 8], "with or without 1 before it"),
            ("", [-1, 4], "or as many elements in one dimension"), ("", [], "has the shape []"),
            ("width: 8, height: 8", [-1, 192], "say which it is"),
            ("mean: [1, 2, 3]", [-1, 8, 8], "there are 3 numbers for mean"),
            ("layout: nchw", [-1, 3, 8, 8], "expected one of NCHW, NHWC, not 'nchw'"),
            ("colour: rgb", [-1, 3, 8, 8], "did you mean 'color'?"),
            ("color: gray", [-1, 3, 8, 8], "did you mean 'grey'?"),
            ("mean: [1, 2]", [-1, 3, 8, 8], "one for each of three channels"),
            ("std: [1, 0, 1]", [-1, 3, 8, 8], "std: is 0"),
            ("std: 2, scale: 3", [-1, 3, 8, 8], "std divides, scale multiplies"),
            ("width: 0", [-1, 3, 8, 8], "from 1 to"),
            ("scale: 1/0", [-1, 3, 8, 8], "expected a number, a fraction"),
            ("mean: a", [-1, 3, 8, 8], "expected a number"),
            ("mean: [a]", [-1, 3, 8, 8], "expected a number"),
            ("scale: 1e300", [-1, 3, 8, 8], "which FP32 can't hold"),
        ] as [(String, [Int], String)]
    )
    func `what doesn't fit is refused at load`(yaml: String, shape: [Int], words: String) {
        let message = refusal(yaml, [TensorSpecification(name: "x", dataType: .fp32, shape: shape)])
        #expect(message.contains(words), "\(message)")
        #expect(message.contains("m/apus.yaml"))
    }

    @Test(arguments: [DataType.bytes, .bool])
    func `texts and truth values are no pictures`(dataType: DataType) {
        let input = TensorSpecification(name: "x", dataType: dataType, shape: [-1, 3, 8, 8])
        #expect(refusal("", [input]).contains("pictures are numbers"))
    }

    @Test func `nothing is planned where nothing is written`() throws {
        let settings = try ModelSettings(text: "", place: "m/apus.yaml")
        #expect(try ImagePlan.input(settings.image, inputs: []) == nil)
    }
}
