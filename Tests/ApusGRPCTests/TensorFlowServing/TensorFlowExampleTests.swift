import ApusCore
import ApusProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

/// Classify, Regress and MultiInference over a transport within the process.
struct TensorFlowExampleTests {
    private typealias Method = Tensorflow_Serving_PredictionService.Method

    private static func example(_ features: [String: Tensorflow_Feature]) -> Tensorflow_Example {
        .with { $0.features.feature = features }
    }

    private static func floats(_ values: [Float]) -> Tensorflow_Feature {
        .with { $0.floatList.value = values }
    }

    @Test func `examples are classified and regressed, one by one or both at once`() async throws {
        let model = FakeModel.identity(.fp32, [-1, 2])
        let value = FakeModel.identity(.fp32, [-1, 1], name: "v")
        let input = Tensorflow_Serving_Input.with {
            $0.exampleList.examples = [
                Self.example(["x": Self.floats([0.5, 0.25])]), Self.example(["x": Self.floats([1, 2])]),
            ]
        }
        let numbers = Tensorflow_Serving_Input.with {
            $0.exampleListWithContext.context = Self.example(["x": Self.floats([3])])
            $0.exampleListWithContext.examples = [Self.example([:]), Self.example(["other": Self.floats([1])])]
        }
        try await FakeServer(models: [model, value]).run { client in
            let classified: Tensorflow_Serving_ClassificationResponse = try await client.ask(
                Method.Classify.descriptor,
                Tensorflow_Serving_ClassificationRequest.with {
                    $0.modelSpec.name = "m"
                    $0.input = input
                }
            )
            let classes = classified.result.classifications.map { $0.classes.map { "\($0.label) \($0.score)" } }
            #expect(classes == [["0 0.5", "1 0.25"], ["0 1.0", "1 2.0"]])
            #expect(classified.modelSpec.version.value == 3)
            let regressed: Tensorflow_Serving_RegressionResponse = try await client.ask(
                Method.Regress.descriptor,
                Tensorflow_Serving_RegressionRequest.with {
                    $0.modelSpec.name = "v"
                    $0.input = numbers
                }
            )
            #expect(regressed.result.regressions.map(\.value) == [3, 3])
            let both: Tensorflow_Serving_MultiInferenceResponse = try await client.ask(
                Method.MultiInference.descriptor,
                Tensorflow_Serving_MultiInferenceRequest.with {
                    $0.input = numbers
                    $0.tasks = ["classify", "regress"].map { method in
                        .with {
                            $0.modelSpec.name = "v"
                            $0.methodName = "tensorflow/serving/\(method)"
                        }
                    }
                }
            )
            #expect(both.results.map(\.regressionResult.regressions.count) == [0, 2])
            #expect(both.results[0].classificationResult.classifications.count == 2)
        }
    }

    @Test func `examples that don't fit are refused`() async throws {
        let text = Tensorflow_Feature.with { $0.bytesList.value = [Data([65])] }
        let examples: [([Tensorflow_Example], String)] = [
            ([], "Input is empty."), ([Self.example([:])], "Feature: x (data type: float) is required"),
            ([Self.example(["x": text])], "Name: x, Feature: x, Data types don't match. Expected type: float_list"),
            ([Self.example(["x": Self.floats([1, 2, 3])])], "Feature: x has 3 values"),
            (
                [Self.example(["x": Self.floats([1, 2])]), Self.example(["x": Self.floats([1])])],
                "Feature: x has 1 values in example 1"
            ),
            (
                [Self.example(["x": Self.floats([1, 2])]), Self.example([:])],
                "Feature: x (data type: float) is required"
            ),
        ]
        for (examples, words) in examples {
            let error = try await FakeServer(models: [FakeModel.identity(.fp32, [-1, 2])]).refusal { client in
                let _: Tensorflow_Serving_ClassificationResponse = try await client.ask(
                    Method.Classify.descriptor,
                    Tensorflow_Serving_ClassificationRequest.with {
                        $0.modelSpec.name = "m"
                        $0.input.exampleList.examples = examples
                    }
                )
            }
            #expect(error?.code == .invalidArgument && error?.message.hasPrefix(words) == true, "\(error as Any)")
        }
    }

    @Test func `several tasks go together or are refused`() async throws {
        func task(_ method: String, _ name: String = "m") -> Tensorflow_Serving_InferenceTask {
            .with {
                $0.modelSpec.name = name
                $0.methodName = "tensorflow/serving/\(method)"
            }
        }
        let cases: [([Tensorflow_Serving_InferenceTask], RPCError.Code, String)] = [
            ([], .invalidArgument, "Inference request must have at least one task"),
            (
                [task("classify"), task("regress", "other")], .invalidArgument,
                "All ModelSpecs in a MultiInferenceRequest"
            ),
            ([task("classify"), task("classify")], .invalidArgument, "Duplicate evaluation of signature"),
            ([task("predict")], .unimplemented, "Unsupported signature method_name: tensorflow/serving/predict"),
            ([.init()], .unimplemented, "Unsupported signature method_name: "),
        ]
        for (tasks, code, words) in cases {
            let error = try await FakeServer(models: [FakeModel.identity(.fp32, [-1, 1])]).refusal { client in
                let _: Tensorflow_Serving_MultiInferenceResponse = try await client.ask(
                    Method.MultiInference.descriptor,
                    Tensorflow_Serving_MultiInferenceRequest.with {
                        $0.tasks = tasks
                        $0.input.exampleList.examples = [Self.example(["x": Self.floats([1])])]
                    }
                )
            }
            #expect(error?.code == code && error?.message.hasPrefix(words) == true, "\(words): \(error as Any)")
        }
    }
}
