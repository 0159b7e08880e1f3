import Testing

@testable import ApusProtocol

/// The rules of ensembles, alone and together with their models.
struct EnsembleValidationTests {
    /// The tensors around the steps of a test.
    private static let frame = """
        platform: "ensemble" input { name: "IN" data_type: TYPE_FP32 dims: 1 }
        output { name: "OUT" data_type: TYPE_FP32 dims: 1 }

        """

    /// One step of a test, on a line of its own.
    private static func step(_ model: String, _ input: String, _ output: String) -> String {
        "step { model_name: '\(model)' input_map { key: 'x' value: '\(input)' } "
            + "output_map { key: 'y' value: '\(output)' } }\n"
    }

    /// The faults of a text, with their positions.
    private func faults(_ text: String) throws -> [String] {
        try ModelConfiguration.parse(text: text).validate().map(\.description)
    }

    @Test(
        arguments: [
            (step("a", "IN", "OUT") + step("b", "IN", "OUT"), ["5:70: tensor 'OUT' is produced twice"]),
            (step("a", "IN", "OUT") + step("b", "IN", "IN"), ["5:70: tensor 'IN' is produced twice"]),
            (
                step("a", "IN", "OUT") + step("b", "gone", "OUT2"),
                ["5:34: tensor 'gone' is used, but no step", "5:72: tensor 'OUT2' is produced but never used"]
            ),
            (
                step("a", "t", "OUT") + step("b", "u", "t") + step("c", "t", "u"),
                [
                    "1:30: ensemble input 'IN' is used by no step", "4:6: the step for model 'a' can never run",
                    "5:6: the step for model 'b' can never run", "6:6: the step for model 'c' can never run",
                ]
            ),
            (
                step("a", "IN", "t") + step("b", "t", "u"),
                [
                    "2:10: ensemble output 'OUT' is produced by no step",
                    "5:69: tensor 'u' is produced but never used",
                ]
            ),
            (
                step("a", "IN", "OUT") + step("b", "t", "t"),
                ["5:6: the step for model 'b' can never run, because it waits for its own output"]
            ),
        ] as [(String, [String])]
    )
    func `a broken flow of tensors is reported with its place`(steps: String, expected: [String]) throws {
        let found = try faults(Self.frame + "ensemble_scheduling {\n" + steps + "}")
        #expect(found.count == expected.count, "\(found)")
        for (fault, start) in zip(found, expected) {
            #expect(fault.hasPrefix(start), "\(fault)")
        }
    }

    @Test(
        arguments: [
            ("platform: 'ensemble'", "1:1: 'platform' is \"ensemble\", but 'ensemble_scheduling' is missing"),
            ("ensemble_scheduling { }", "1:1: 'ensemble_scheduling' has no 'step'"),
            ("ensemble_scheduling { } backend: 'x'", "1:25: an ensemble has no engine of its own"),
            (
                "ensemble_scheduling { } platform: 'x'",
                "1:25: 'ensemble_scheduling' needs platform: \"ensemble\", found 'x'"
            ),
            ("ensemble_scheduling { } instance_group { }", "1:25: an ensemble cannot have 'instance_group'"),
            ("ensemble_scheduling { } optimization { }", "1:25: an ensemble cannot have 'optimization'"),
            ("ensemble_scheduling { } model_warmup { }", "1:25: an ensemble cannot have 'model_warmup'"),
            ("ensemble_scheduling { step { } }", "1:28: a 'step' of the ensemble has no 'model_name'"),
            ("ensemble_scheduling { step { } }", "1:28: a 'step' of the ensemble has no 'input_map'"),
            ("ensemble_scheduling { step { } }", "1:28: a 'step' of the ensemble has no 'output_map'"),
        ]
    )
    func `what an ensemble lacks or must not have is reported`(text: String, fault: String) throws {
        let found = try faults(text)
        #expect(found.contains { $0.hasPrefix(fault) }, "\(found)")
    }

    /// The models of `SampleConfiguration.ensemble`, each with something changed.
    private func models(
        ids: String = "dims: -1",
        idsType: String = "TYPE_INT64",
        batch: Int = 8,
        more: String = ""
    ) throws -> [String: ModelConfiguration] {
        [
            "tokenizer": try .parse(
                text: """
                    max_batch_size: 0 input { name: "text" data_type: TYPE_STRING dims: [ -1, 1 ] }
                    output { name: "ids" data_type: TYPE_INT64 dims: [ -1, 16 ] }
                    """
            ),
            "classifier": try .parse(
                text: """
                    max_batch_size: \(batch) input { name: "input_ids" data_type: \(idsType) \(ids) } \(more)
                    output { name: "logits" data_type: TYPE_FP32 dims: 2 }
                    """
            ),
        ]
    }

    @Test func `models that fit together have no faults`() throws {
        let ensemble = try ModelConfiguration.parse(text: SampleConfiguration.ensemble)
        let models = try models()
        #expect(ensemble.validateEnsemble { models[$0] }.isEmpty)
        #expect(ensemble.validateEnsemble { _ in nil }.isEmpty)
        #expect(ModelConfiguration.empty.validateEnsemble { models[$0] }.isEmpty)
    }

    @Test func `models that do not fit together are reported`() throws {
        let ensemble = try ModelConfiguration.parse(text: SampleConfiguration.ensemble)
        func faults(_ models: [String: ModelConfiguration]) -> [String] {
            ensemble.validateEnsemble { models[$0] }.map(\.description)
        }
        #expect(
            faults(try models(idsType: "TYPE_INT32")) == [
                "4:1: tensor 'tokens' is TYPE_INT64 as output 'ids' of model 'tokenizer', "
                    + "but TYPE_INT32 as input 'input_ids' of model 'classifier'; both must have the same type"
            ]
        )
        #expect(
            faults(try models(ids: "dims: 17")) == [
                "4:1: tensor 'tokens' has the shape [-1, 16] as output 'ids' of model 'tokenizer', "
                    + "but [17] as input 'input_ids' of model 'classifier'; "
                    + "both must have the same shape, where -1 fits any size"
            ]
        )
        #expect(
            faults(try models(batch: 2)) == [
                "4:1: the ensemble's 'max_batch_size' is 4, but model 'classifier' takes at most 2; "
                    + "lower the one or raise the other"
            ]
        )
        #expect(
            faults(try models(more: "input { name: 'mask' }")) == [
                "4:1: the step for model 'classifier' maps nothing to its input 'mask'; add it to 'input_map'"
            ]
        )
        #expect(faults(try models(more: "input { name: 'mask' optional: true }")).isEmpty)
    }

    @Test func `names that a model does not have are reported with the nearest one`() throws {
        let ensemble = try ModelConfiguration.parse(text: SampleConfiguration.ensemble)
        let model = try ModelConfiguration.parse(
            text: "max_batch_size: 4 input { name: 'input_idx' optional: true } output { name: 'other' }"
        )
        let found = ensemble.validateEnsemble { $0 == "classifier" ? model : nil }.map(\.message)
        #expect(
            found == [
                "model 'classifier' has no input 'input_ids'; did you mean 'input_idx'?",
                "model 'classifier' has no output 'logits'; correct 'output_map'",
            ]
        )
    }

    @Test func `sizes that one model fixes are fixed for the others`() throws {
        let ensemble = try ModelConfiguration.parse(
            text: """
                platform: "ensemble" input { name: "IN" data_type: TYPE_FP32 dims: [ -1, -1 ] }
                output { name: "OUT" data_type: TYPE_FP32 dims: [ -1, -1 ] } ensemble_scheduling {
                step { model_name: "three" input_map { key: "x" value: "IN" } output_map { key: "y" value: "t" } }
                step { model_name: "four" input_map { key: "x" value: "IN" } output_map { key: "y" value: "u" } }
                step { model_name: "join" input_map { key: "a" value: "t" } input_map { key: "b" value: "u" }
                output_map { key: "y" value: "OUT" } } }
                """
        )
        func model(_ shape: String) throws -> ModelConfiguration {
            try .parse(
                text: """
                    input { name: "x" data_type: TYPE_FP32 dims: [ \(shape) ] }
                    output { name: "y" data_type: TYPE_FP32 dims: [ -1, -1 ] }
                    """
            )
        }
        let join = try ModelConfiguration.parse(
            text: """
                input [ { name: "a" data_type: TYPE_FP32 dims: [ -1, -1 ] },
                { name: "b" data_type: TYPE_FP32 dims: [ -1, -1 ] } ]
                output { name: "y" data_type: TYPE_FP32 dims: [ -1, -1 ] }
                """
        )
        func faults(_ three: String, _ four: String) throws -> [String] {
            let models = ["three": try model(three), "four": try model(four), "join": join]
            return ensemble.validateEnsemble { models[$0] }.map(\.message)
        }
        #expect(try faults("-1, 3", "2, -1").isEmpty)
        #expect(
            try faults("-1, 3", "-1, 4") == [
                "tensor 'IN' has the shape [-1, 3] as input 'x' of model 'three', but [-1, 4] as input 'x' of model "
                    + "'four'; both must have the same shape, where -1 fits any size"
            ]
        )
    }

    @Test(.timeLimit(.minutes(1)))
    func `a chain of ten thousand steps is checked in linear time`() throws {
        let steps = (0..<10_000).map {
            "step{model_name:'m'input_map{key:'x'value:'\($0)'}output_map{key:'y'value:'\($0 + 1)'}}"
        }
        let text =
            "platform: 'ensemble' input { name: '0' } output { name: '10000' } ensemble_scheduling {"
            + steps.reversed().joined() + "}"
        #expect(try faults(text).isEmpty)
    }
}
