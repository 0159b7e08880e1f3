import ApusCore
import ApusModels
import ApusScheduling
import Testing

@testable import ApusServer

struct ValidationPlanTests {
    private static let description = ModelDescription(
        id: ModelID(name: ModelName("m")!, version: .first),
        platform: "fake",
        inputs: [
            TensorSpecification(name: "age", dataType: .fp32, shape: [-1, 1]),
            TensorSpecification(name: "count", dataType: .uint8, shape: [-1]),
            TensorSpecification(name: "picture", dataType: .uint8, shape: [-1, -1, -1, 3]),
            TensorSpecification(name: "text", dataType: .bytes, shape: [-1]),
            TensorSpecification(name: "flag", dataType: .bool, shape: [-1]),
        ],
        outputs: []
    )

    private func rules(_ yaml: String) throws -> [InputRule] {
        let settings = try ModelSettings(text: "validation: {\(yaml)}", place: "m/apus.yaml")
        return try ValidationPlan(settings.validation, inputs: ValidationPlanTests.description.inputs).rules
    }

    private func refusal(_ yaml: String) -> String {
        let error = #expect(throws: ModelError.self) { try rules(yaml) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message ?? ""
    }

    @Test func `presets have their rules, each to be adjusted`() throws {
        #expect(try rules("text: {preset: text}")[0].text == TextRule(length: 0...1000, forbidden: ScalarSet("<>")))
        #expect(
            try rules("text: {preset: text, max_length: 5, forbidden: x}")[0].text
                == TextRule(length: 0...5, forbidden: ScalarSet("x"))
        )
        #expect(try rules("text: {preset: text, forbidden: ''}")[0].text == TextRule(length: 0...1000))
        #expect(try rules("text: {preset: text, min_length: 2000}")[0].text?.length == 2000...2000)
        #expect(try rules("picture: {preset: image}")[0].channels == [1, 3, 4])
        #expect(try rules("picture: {preset: image, channels: [3]}")[0].channels == [3])
        let far = Double.greatestFiniteMagnitude
        #expect(try rules("age: {preset: numeric}")[0].range == -far...far)
        #expect(try rules("age: {preset: numeric, max: 150}")[0].range == -far...150)
        #expect(try rules("age: {preset: numeric, finite: false}").isEmpty)
        #expect(try rules("count: {preset: numeric}").isEmpty, "integers are finite anyway")
    }

    @Test func `rules are read`() throws {
        #expect(try rules("age: {min: 0}")[0].range == 0...(.infinity))
        #expect(try rules("age: {min: -1.5, max: 2e3, finite: true}")[0].range == -1.5...2000)
        #expect(
            try rules("text: {allowed: 'A-Z', min_length: 1}")[0].text
                == TextRule(length: 1...Int.max, allowed: ScalarSet("A-Z"))
        )
        #expect(try rules("age: {}, text: {min_length: 0}").isEmpty)
        #expect(try rules("").isEmpty)
    }

    @Test(arguments: [
        ("agee: {min: 0}", "did you mean 'age'?"), ("age: {minimum: 0}", "unknown key"),
        ("age: {min: 2, max: 1}", "validation.age.min: is above max"), ("text: {min: 1}", "ranges are for numbers"),
        ("flag: {max: 1}", "ranges are for numbers"), ("count: {finite: true}", "'finite' is for real numbers"),
        ("age: {max_length: 3}", "lengths and characters are for BYTES"), ("age: {forbidden: a}", "are for BYTES"),
        ("age: {preset: image}", "the preset 'image' is for UINT8"), ("age: {preset: text}", "is for BYTES"),
        ("text: {preset: numeric}", "is for numbers"),
        ("age: {preset: numbers}", "expected one of image, text, numeric"),
        ("picture: {channels: [1]}", "whose last dimension is none of 1"), ("age: {channels: []}", "at least one size"),
        ("age: {channels: [3]}", "has the shape [-1,1]"), ("count: {min: 300}", "no UINT8 could pass"),
        ("count: {max: -1}", "no UINT8 could pass"), ("text: {allowed: 'z-a'}", "characters and ranges"),
        ("text: {min_length: 5, max_length: 4}", "above max_length"), ("age: 5", "key: value"),
        ("age: {min: abc}", "expected a number, not 'abc'"), ("age: {max: .inf}", "expected a number"),
    ])
    func `what can't apply is refused at load`(yaml: String, words: String) {
        #expect(refusal(yaml).contains(words), "\(refusal(yaml))")
    }

    @Test func `examples keep the rules`() throws {
        let settings = try ModelSettings(
            text: """
                validation:
                  age: {min: 18, max: 20}
                  count: {min: 7.5}
                  picture: {preset: image}
                  text: {allowed: 'x-z"', min_length: 2}
                """,
            place: "m/apus.yaml"
        )
        let plan = try ValidationPlan(settings.validation, inputs: ValidationPlanTests.description.inputs)
        #expect(plan.examples["age"] == InputExample(element: "18.0"))
        #expect(plan.examples["count"] == InputExample(element: "8"))
        #expect(plan.examples["picture"] == InputExample(element: "0", channels: 1))
        #expect(plan.examples["text"] == InputExample(element: #""xx""#))
        #expect(plan.examples["flag"] == nil)
    }
}
