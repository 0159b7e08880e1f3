import ApusCore
import ApusModels
import ApusScheduling
import Testing

@testable import ApusServer

struct PaddingPlanTests {
    private static let description = ModelDescription(
        id: ModelID(name: ModelName("m")!, version: .first),
        platform: "fake",
        inputs: [
            TensorSpecification(name: "tokens", dataType: .int64, shape: [-1, -1]),
            TensorSpecification(name: "mask", dataType: .bool, shape: [-1, -1]),
            TensorSpecification(name: "text", dataType: .bytes, shape: [-1, -1]),
            TensorSpecification(name: "fixed", dataType: .fp32, shape: [-1, 8]),
        ],
        outputs: [
            TensorSpecification(name: "scores", dataType: .fp32, shape: [-1, -1, -1]),
            TensorSpecification(name: "class", dataType: .int64, shape: [-1, 1]),
        ]
    )

    private func plan(_ pad: String, _ description: ModelDescription = description) throws -> [LengthPadding] {
        let settings = try ModelSettings(text: "scheduling: {\(pad)}", place: "m/apus.yaml")
        return try PaddingPlan(
            settings.scheduling,
            description: description,
            scheduled: description,
            place: "m/apus.yaml"
        ).entries
    }

    private func refusal(_ pad: String, _ description: ModelDescription = description) -> String {
        let error = #expect(throws: ModelError.self) { try plan(pad, description) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message ?? ""
    }

    @Test func `names become places, values bytes`() throws {
        let entries = try plan(
            """
            pad: [{input: tokens, axis: 1, sizes: [32, 64], value: -2, outputs: {scores: 1}},
                  {input: mask, axis: 1, sizes: [32, 64], value: true, outputs: {scores: 2}}]
            """
        )
        let first: [UInt8] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        #expect(
            entries == [
                LengthPadding(
                    input: 0,
                    axis: 1,
                    sizes: [32, 64],
                    element: first,
                    outputs: [.init(output: 0, axis: 1)]
                ),
                LengthPadding(
                    input: 1,
                    axis: 1,
                    sizes: [32, 64],
                    element: [1],
                    outputs: [.init(output: 0, axis: 2)]
                ),
            ]
        )
        #expect(try plan("priority: high").isEmpty)
    }

    @Test func `what the model doesn't have is refused by name`() {
        #expect(
            refusal("pad: [{input: token, axis: 1, sizes: [4]}]")
                == "m/apus.yaml: scheduling.pad[0]: the model has no input 'token'; did you mean 'tokens'?"
        )
        #expect(
            refusal("pad: [{input: tokens, axis: 1, sizes: [4], outputs: {result: 1}}]")
                .contains("the model has no output 'result'; it has 'scores', 'class'")
        )
        #expect(
            refusal("pad: [{input: tokens, axis: 2, sizes: [4]}]")
                .contains("scheduling.pad[0].axis: input 'tokens' has the shape [-1,-1], so there is no dimension 2")
        )
    }

    @Test func `only dimensions of any size, of numbers and truth values`() {
        #expect(
            refusal("pad: [{input: fixed, axis: 1, sizes: [4]}]")
                .contains("dimension 1 of input 'fixed' is 8 ([-1,8]); only one of any size (-1)")
        )
        #expect(
            refusal("pad: [{input: tokens, axis: 1, sizes: [4], outputs: {class: 1}}]")
                .contains("dimension 1 of output 'class' is 1")
        )
        #expect(refusal("pad: [{input: text, axis: 1, sizes: [4]}]").contains("input 'text' is BYTES"))
        #expect(
            refusal("pad: [{input: tokens, axis: 1, sizes: [4], value: 0.5}]")
                == "m/apus.yaml: scheduling.pad[0].value: '0.5' is no INT64, which input 'tokens' is"
        )
    }

    @Test func `nothing is filled or cut twice`() {
        let entry = "{input: tokens, axis: 1, sizes: [4], outputs: {scores: 1}}"
        let second = "{input: mask, axis: 1, sizes: [4], outputs: {scores: 1}}"
        #expect(refusal("pad: [\(entry), \(second)]").contains("already"))
        #expect(refusal("pad: [\(entry), {input: tokens, axis: 1, sizes: [4]}]").contains("a second time"))
    }

    @Test func `models without rows of any number, or with any number of answers, are refused`() {
        let fixed = ModelDescription(
            id: PaddingPlanTests.description.id,
            platform: "fake",
            inputs: [TensorSpecification(name: "a", dataType: .fp32, shape: [1, -1])],
            outputs: []
        )
        #expect(refusal("allowed_batch_sizes: [4]", fixed).contains("which is fixed in 'a' ([1,-1])"))
        let streams = ModelDescription(
            id: PaddingPlanTests.description.id,
            platform: "fake",
            inputs: [],
            outputs: [],
            isDecoupled: true
        )
        for written in ["allowed_batch_sizes: [4]", "pad: [{input: a, axis: 1, sizes: [4]}]"] {
            #expect(refusal(written, streams).contains("any number of answers"))
        }
        let error = #expect(throws: ModelError.self) {
            let settings = try ModelSettings(text: "scheduling: {allowed_batch_sizes: [4]}", place: "e")
            try PaddingPlan.refuseForEnsemble(settings.scheduling, place: "e/apus.yaml")
        }
        #expect(error?.message.contains("mean nothing for an ensemble") == true)
    }

    @Test(arguments: [
        ("1", DataType.int8, [1] as [UInt8]?), ("-1", .int8, [255]), ("128", .int8, nil), ("255", .uint8, [255]),
        ("-1", .uint16, nil), ("258", .uint16, [2, 1]), ("65536", .uint16, nil), ("1", .int32, [1, 0, 0, 0]),
        ("-1", .uint64, nil), ("true", .bool, [1]), ("0", .bool, [0]), ("2", .bool, nil),
        ("1", .fp32, [0, 0, 128, 63]), ("1e39", .fp32, nil), ("nan", .fp32, nil), ("inf", .fp64, nil),
        ("-2", .fp64, [0, 0, 0, 0, 0, 0, 0, 192]), ("x", .fp64, nil),
        ("1", .fp16, [0, 0x3c]), ("-2.5", .fp16, [0, 0xc1]), ("65504", .fp16, [0xff, 0x7b]), ("65520", .fp16, nil),
        ("6e-8", .fp16, [1, 0]), ("0.00006103515625", .fp16, [0, 4]), ("2047.5", .fp16, [0, 0x68]),
        ("1", .bf16, [0x80, 0x3f]), ("-0.0", .bf16, [0, 0x80]), ("3.4e38", .bf16, nil),
        ("0", .bytes, nil),
    ]) func `one element is what its type makes of the text`(_ text: String, _ type: DataType, _ bytes: [UInt8]?) {
        #expect(PaddingElement.bytes(of: text, as: type) == bytes)
    }
}
